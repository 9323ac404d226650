// drawing.tsx - the plant in SVG, with a button over each station that says it in words. Rendered
// once for a plant and a width; after that each frame writes only the stations that changed into the
// elements it keeps (T23).
import {count, duration, percent} from '../format';
import {t} from '../i18n';
import {glyphInk, glyphPath} from '../parts/glyph';
import {stateNames} from '../state';
import {isWall} from '../route';
import {store} from '../store';
import type {PlantStation} from '../types';
import {layOut, tileHeight} from './layout';
import {codesOf, isBottleneck, queueText, shareOf, stateSummary, stationLabel} from './describe';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';

const glyphsMost = 6;

interface Tile {
  group: SVGGElement;
  button: HTMLElement | null;  // a wall has none
  word: SVGTextElement;
  queue: SVGTextElement;
  fill: SVGRectElement;
  bn: SVGTextElement;
  more: SVGTextElement;
  marks: {box: SVGGElement; fill: SVGPathElement; ink: SVGPathElement}[];
  codes: number[];
}

const put = (node: Element, name: string, value: string) => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};
const say = (node: Element, text: string) => {
  if (node.textContent !== text) node.textContent = text;
};

function tileOf(group: SVGGElement, button: HTMLElement | null): Tile {
  const find = <T extends Element>(name: string) => group.querySelector<T>(`.${name}`)!;
  return {
    group, button, word: find('t-word'), queue: find('t-queue'), fill: find('t-fill'), bn: find('t-bn'),
    more: find('t-more'),
    marks: [...group.querySelectorAll<SVGGElement>('.t-mark')].map((box) => ({
      box, fill: box.querySelector<SVGPathElement>('.fill')!, ink: box.querySelector<SVGPathElement>('.ink')!,
    })),
    codes: [],
  };
}

function show(tile: Tile, s: number, width: number): void {
  const codes = codesOf(store, s);
  for (let m = 0; m < tile.marks.length; m++) {
    const code = codes[m]!, mark = tile.marks[m]!;
    if (tile.codes[m] === code) continue;
    tile.codes[m] = code;
    put(mark.box, 'class', `t-mark glyph st-${stateNames[code]}`);
    put(mark.fill, 'd', glyphPath(code));
    put(mark.ink, 'd', glyphInk(code));
  }
  const age = store.offline ? ` · ${duration(Math.round(store.age()))}` : '';
  say(tile.word, fit(stateSummary(store, s), width - 16 - age.length * 7) + age);
  say(tile.queue, queueText(store, s));
  const places = store.plant.stations[s]!.places;
  const share = Math.min(1, store.queue[s]! / (places ?? 20));
  put(tile.fill, 'width', String(Math.round(share * (width - 84))));
  const bn = isBottleneck(store, s);
  put(tile.group, 'class', `shape${bn ? ' bn' : ''}${places !== null && store.queue[s]! >= places ? ' full' : ''}`);
  say(tile.bn, bn ? `BN ${percent(shareOf(store, s))}` : '');
  if (tile.button) put(tile.button, 'aria-label', stationLabel(store, s));
}

// Cuts what does not fit; the whole stands in the label. Hangul is about twice as wide.
function fit(text: string, width: number): string {
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    used += text.charCodeAt(i) > 0x1100 ? 13 : 7;
    if (used > width) return `${text.slice(0, Math.max(1, i - 1))}…`;
  }
  return text;
}

export function Drawing({width, scale, selected, onSelect}:
    {width: number; scale: number; selected: number; onSelect: (s: number) => void}) {
  const plant = store.plant;
  const layout = useMemo(() => layOut(plant.stations, width / scale), [plant, width, scale]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const buttons = box.current!.querySelectorAll<HTMLElement>('.tile');
    const tiles = [...box.current!.querySelectorAll<SVGGElement>('.shape')].map((group, s) => tileOf(group, buttons[s] ?? null));
    const all = () => tiles.forEach((tile, s) => show(tile, s, layout.tileWidth));
    const changed = () => {
      for (let s = 0; s < tiles.length; s++) {
        if (!store.dirty[s]) continue;
        store.dirty[s] = 0;
        show(tiles[s]!, s, layout.tileWidth);
      }
    };
    all();
    const stops = [store.listen(['state'], changed), store.listen(['kpi', 'link'], all),
      store.listen(['second'], () => store.offline && all())];
    return () => stops.forEach((stop) => stop());
  });
  const press = (e: KeyboardEvent, s: number) => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
    if (!step) return;
    e.preventDefault();
    box.current!.querySelectorAll<HTMLElement>('.tile')[s + step]?.focus();
  };
  const w = layout.tileWidth, h = tileHeight;
  return <div ref={box} class="drawing">
    <svg aria-hidden="true" width={width} height={layout.height * scale} viewBox={`0 0 ${layout.width} ${layout.height}`}>
      <defs><marker id="arrow" viewBox="0 0 6 6" refX="4" refY="3" markerWidth="6" markerHeight="6" orient="auto">
        <path d="M0 0L6 3L0 6Z" class="arrow" /></marker></defs>
      {layout.edges.map((e) => <path class="edge" d={e.path} marker-end="url(#arrow)" />)}
      {plant.stations.map((station, s) => <Shape station={station} x={layout.places[s]!.x} y={layout.places[s]!.y} w={w} />)}
    </svg>
    {!isWall() && <ul aria-label={t('line.stations')}>{plant.stations.map((station, s) => <li>
      <button class="tile" aria-label={station.name} aria-expanded={selected === s} title={station.name}
        style={{left: `${layout.places[s]!.x * scale}px`, top: `${layout.places[s]!.y * scale}px`, width: `${w * scale}px`, height: `${h * scale}px`}}
        onClick={() => onSelect(s)} onKeyDown={(e) => press(e, s)} /></li>)}</ul>}
  </div>;
}

function Shape({station, x, y, w}: {station: PlantStation; x: number; y: number; w: number}) {
  const h = tileHeight, machines = Math.min(glyphsMost, station.machines.length);
  return <g class="shape" transform={`translate(${x} ${y})`}>
    <path class="bracket" d={`M2 -5H-5V${h + 5}H2M6 -9H-9V${h + 9}H6M${w - 2} -5H${w + 5}V${h + 5}H${w - 2}M${w - 6} -9H${w + 9}V${h + 9}H${w - 6}`} />
    <rect class="body" width={w} height={h} rx="4" />
    <text class="t-name" x="8" y="21">{fit(station.name, w - 16)}</text>
    <text class="t-bn" x={w / 2} y="-12" text-anchor="middle" />
    {Array.from({length: machines}, (_, m) =>
      <g class="t-mark glyph" transform={`translate(${8 + m * Math.min(20, (w - 16) / machines)} 30)`}>
        <path class="fill" fill-rule="evenodd" /><path class="ink" /></g>)}
    <text class="t-more" x={w - 8} y="43" text-anchor="end">
      {station.machines.length > machines ? `+${station.machines.length - machines}` : ''}</text>
    <text class="t-word" x="8" y="66" />
    <text class="t-small" x="8" y="84">{station.mean_s === null ? '' : duration(station.mean_s)}
      {station.batch ? ` · ${t('batch.of', {n: count(station.batch.max)})}` : ''}</text>
    <text class="t-small" x="8" y="102">{t('queue.short')}</text>
    <rect class="t-track" x="34" y="95" width={w - 84} height="7" />
    <rect class="t-fill" x="34" y="95" width="0" height="7" />
    <text class="t-queue" x={w - 8} y="102" text-anchor="end" />
  </g>;
}

// The width that there is, followed as it changes.
export function useWidth(): [preact.RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, put] = useState(0);
  useEffect(() => {
    const look = new ResizeObserver(() => put(Math.floor(ref.current?.clientWidth ?? 0)));
    look.observe(ref.current!);
    put(Math.floor(ref.current!.clientWidth));
    return () => look.disconnect();
  }, []);
  return [ref, width];
}

