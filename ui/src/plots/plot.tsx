// plot.tsx - a uPlot chart with what uPlot leaves out: a sentence, a cursor by arrow keys, and a table
// (T6). Colours come from the tokens, so both themes are drawn anew.
import uPlot from 'uplot';
import {clock, decimals, num, shortStamp} from '../format';
import {t} from '../i18n';
import {token} from '../theme';
import {useEffect, useRef, useState} from 'preact/hooks';

export interface PlotSeries {
  name: string;
  colour: string;  // a token
  width?: number;
  dash?: number[];
  hidden?: boolean;  // the edge of a band
  paths?: boolean;
}

export interface PlotProps {
  title: string;
  sentence: string;
  unit: string;
  x: number[];  // seconds
  y: (number | null)[][];
  series: PlotSeries[];
  bands?: {series: [number, number]; colour: string}[];
  marks?: {at: number; text: string}[];
  shade?: [number, number][];  // spans without data, seconds
  fromZero?: boolean;
  span?: [number, number];  // of the x axis, seconds; the data's own without it
  stepped?: boolean;  // a value holds until the next: states and counters
  height?: number;
  sync?: string;
  table: {heads: string[]; rows: (string | number)[][]};
}

const rowsMost = 200;

// The fewest digits that tell all of them exactly.
function tickDigits(splits: number[]): number {
  for (let digits = 0; digits < 6; digits++) {
    if (splits.every((v) => Math.abs(v - Number(v.toFixed(digits))) < 1e-9 * Math.max(1, Math.abs(v)))) return digits;
  }
  return 6;
}

// Marks and spans, drawn over the chart.
function extras(props: PlotProps): uPlot.Plugin {
  return {hooks: {drawClear: [(u) => {
    const {left, top, width, height} = u.bbox, c = u.ctx;
    c.save();
    c.beginPath();
    c.rect(left, top, width, height);
    c.clip();
    c.strokeStyle = token('control');
    c.lineWidth = 1;
    for (const [from, to] of props.shade ?? []) {
      const a = u.valToPos(from, 'x', true), b = u.valToPos(to, 'x', true);
      c.save();
      c.beginPath();
      c.rect(a, top, Math.max(1, b - a), height);
      c.clip();
      for (let x = a - height; x < b; x += 10 * devicePixelRatio) {
        c.beginPath();
        c.moveTo(x, top + height);
        c.lineTo(x + height, top);
        c.stroke();
      }
      c.restore();
    }
    c.setLineDash([3, 3]);
    for (const mark of props.marks ?? []) {
      const x = Math.round(u.valToPos(mark.at, 'x', true));
      c.beginPath();
      c.moveTo(x, top);
      c.lineTo(x, top + height);
      c.stroke();
    }
    c.restore();
  }]}};
}

function optionsOf(props: PlotProps, width: number): uPlot.Options {
  const text = token('text3'), grid = token('hairline'), font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const xs = props.x, span = (xs[xs.length - 1] ?? 0) - (xs[0] ?? 0);
  const axis = {stroke: text, font, grid: {stroke: grid, width: 1}, ticks: {stroke: grid, width: 1}};
  return {
    width, height: props.height ?? 200, tzDate: (s) => new Date(new Date(s * 1000).toISOString().slice(0, -1)),
    legend: {show: false},
    cursor: {drag: {x: true, y: false, setScale: false}, points: {size: 6},
      ...(props.sync ? {sync: {key: props.sync}} : {})},
    scales: {x: {time: true, ...(props.span ? {range: props.span} : {})}, y: {range: (_u, low, high) => {
      if (low === null || high === null) return [0, 1];
      const from = props.fromZero ? Math.min(0, low) : low, room = (high - from || Math.abs(high) || 1) * 0.08;
      return [props.fromZero && from === 0 ? 0 : from - room, high + room];
    }}},
    axes: [
      {...axis, size: 32, values: (_u, splits) => splits.map((s) => span > 86400 ? shortStamp(s * 1e6) : clock(s * 1e6, span < 600)), space: span > 86400 ? 100 : 64},
      {...axis, size: (_u, values) => Math.max(58, 16 + 7 * Math.max(0, ...(values ?? []).map((v) => v.length))), values: (_u, splits) => splits.map((v) => decimals(v, tickDigits(splits)))},
    ],
    series: [{}, ...props.series.map((s) => ({
      label: s.name, stroke: token(s.colour), width: s.width ?? 1.5, dash: s.dash ?? [],
      spanGaps: false, points: {show: false}, show: true,
      ...(props.stepped ? {paths: uPlot.paths.stepped!({align: 1})} : {}), ...(s.hidden ? {width: 0} : {}),
    }))],
    bands: (props.bands ?? []).map((b) => ({series: b.series, fill: token(b.colour)})),
    plugins: [extras(props)],
  };
}

export function Plot(props: PlotProps & {onZoom?: (from: number, to: number) => void}) {
  const box = useRef<HTMLDivElement>(null), chart = useRef<uPlot | null>(null);
  const [table, setTable] = useState(false);
  const [said, setSaid] = useState('');
  const at = useRef(-1);
  useEffect(() => {
    if (table) return;
    const draw = () => {
      chart.current?.destroy();
      const width = Math.max(200, box.current!.clientWidth);
      const options = optionsOf(props, width);
      options.hooks = {setSelect: [(u) => {
        if (u.select.width > 8) props.onZoom?.(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
        u.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
      }], setCursor: [(u) => {
        if (u.cursor.idx !== null && u.cursor.idx !== undefined) setSaid(readAt(props, u.cursor.idx));
      }]};
      chart.current = new uPlot(options, [props.x, ...props.y] as uPlot.AlignedData, box.current!);
    };
    draw();
    let width = box.current!.clientWidth;
    const look = new ResizeObserver(() => {
      if (box.current && box.current.clientWidth !== width) (width = box.current.clientWidth, draw());
    });
    look.observe(box.current!);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, {attributeFilter: ['data-theme']});
    return () => {
      look.disconnect();
      theme.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [props.x, props.y, table, props.title]);
  const key = (e: KeyboardEvent) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[e.key];
    if (!step || table) return;
    e.preventDefault();
    e.stopPropagation();
    at.current = Math.min(props.x.length - 1, Math.max(0, at.current + step));
    const u = chart.current;
    u?.setCursor({left: u.valToPos(props.x[at.current]!, 'x'), top: 10});
    setSaid(readAt(props, at.current));
  };
  const every = Math.max(1, Math.ceil(props.table.rows.length / rowsMost));
  return <figure class="plot" data-points={props.x.length}>
    <figcaption><strong>{props.title}</strong>{props.unit && <span class="muted"> {props.unit}</span>}
      <span class="muted sentence"> {props.sentence}</span>
      <button class="quiet small" data-table aria-pressed={table} onClick={() => setTable(!table)}>{t(table ? 'chart' : 'table')}</button></figcaption>
    {table ? <div class="scroller tall" tabIndex={0} role="group" aria-label={props.title}><table>
        <thead><tr>{props.table.heads.map((h) => <th scope="col">{h}</th>)}</tr></thead>
        <tbody>{props.table.rows.filter((_, i) => i % every === 0).map((r) => <tr>{r.map((c) => <td class="num">{c}</td>)}</tr>)}</tbody></table></div>
      : <div ref={box} class="plot-box" tabIndex={0} role="img" aria-label={`${props.title}. ${props.sentence}`} onKeyDown={key} />}
    <output class="num cursor" aria-live="off">{said || '\u00a0'}</output>
  </figure>;
}

function readAt(props: PlotProps, i: number): string {
  const values = props.series.map((s, k) => s.hidden ? '' : `${s.name} ${num(props.y[k]![i] ?? null)}`).filter(Boolean);
  return `${shortStamp(props.x[i]! * 1e6)} ${clock(props.x[i]! * 1e6).slice(-3)} · ${values.join(' · ')}`;
}
