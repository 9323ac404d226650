// fan.tsx - what may come (95, 80 and 50 % of the futures, and their median) against what came.
import {clock, count} from '../format';
import {t} from '../i18n';
import type {Bands} from '../types';
import {Plot} from './plot';
import {useMemo} from 'preact/hooks';

// Nothing is drawn of fewer futures: their quantiles would be noise.
export const futuresLeast = 20;

interface Merged {
  x: number[];
  columns: (number | null)[][];
}

// The times of the bands and of what happened on one axis; where one of them has no value stands null.
// From the origin on, where nothing is made yet, the fan opens.
export function merge(bands: Bands, real: [number, number][], origin?: number): Merged {
  const levels = ['95', '80', '50'];
  const all = new Map<number, (number | null)[]>();
  if (origin !== undefined && origin < (bands.times_us[0] ?? 0)) all.set(origin, [0, 0, 0, 0, 0, 0, 0, null]);
  const empty = () => new Array<number | null>(8).fill(null);
  bands.times_us.forEach((us, i) => {
    const row = empty();
    levels.forEach((level, l) => {
      const pair = bands.bands[level]?.[i];
      row[l * 2] = pair?.[0] ?? null;
      row[l * 2 + 1] = pair?.[1] ?? null;
    });
    row[6] = bands.median[i] ?? null;
    all.set(us, row);
  });
  for (const [us, made] of real) {
    const row = all.get(us) ?? empty();
    row[7] = made;
    all.set(us, row);
  }
  const times = [...all.keys()].sort((a, b) => a - b);
  const columns = Array.from({length: 8}, (_, c) => times.map((us) => all.get(us)![c]!));
  // Lines that were read at other times than the bands are joined between their own points.
  for (const column of columns) fillBetween(times, column);
  return {x: times.map((us) => us / 1e6), columns};
}

function fillBetween(x: number[], y: (number | null)[]): void {
  let last = -1;
  for (let i = 0; i < y.length; i++) {
    if (y[i] === null) continue;
    for (let k = last + 1; last >= 0 && k < i; k++) {
      y[k] = y[last]! + (y[i]! - y[last]!) * (x[k]! - x[last]!) / (x[i]! - x[last]!);
    }
    last = i;
  }
}

export function Fan({title, bands, real, origin, futures, seed, hash}:
    {title: string; bands: Bands; real: [number, number][]; origin?: number; futures: number; seed: string | number; hash: string}) {
  const {x, columns} = useMemo(() => merge(bands, real, origin), [bands, real, origin]);
  if (futures < futuresLeast) return <p class="empty">{t('fan.few', {n: futures, least: futuresLeast})}</p>;
  const end = bands.times_us.length - 1, pair = bands.bands['95']?.[end];
  const sentence = pair ? t('fan.sentence', {time: clock(bands.times_us[end]!, false), median: count(bands.median[end] ?? null),
    low: count(pair[0]), high: count(pair[1])}) : '';
  const edge = (name: string) => ({name, colour: 'accent', width: 1, dash: [4, 3]});
  const inner = (name: string) => ({name, colour: 'accent', hidden: true});
  return <>
    <Plot title={title} unit={t('unit.parts')} sentence={sentence} x={x} y={columns} fromZero height={300}
      series={[edge('95 % −'), edge('95 % +'), inner('80 % −'), inner('80 % +'), inner('50 % −'), inner('50 % +'),
        {name: t('median'), colour: 'accent', width: 2}, {name: t('fan.real'), colour: 'text', width: 2}]}
      bands={[{series: [2, 1], colour: 'fan95'}, {series: [4, 3], colour: 'fan80'}, {series: [6, 5], colour: 'fan50'}]}
      table={{heads: [t('time'), '95 % −', '95 % +', '80 % −', '80 % +', '50 % −', '50 % +', t('median'), t('fan.real')],
        rows: x.map((s, i) => [clock(s * 1e6), ...columns.map((c) => count(c[i] ?? null))])}} />
    <p class="muted num ids">{t('fan.caption', {n: futures, seed, hash: hash.slice(0, 12)})}</p>
  </>;
}
