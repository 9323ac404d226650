// columns.ts - what the history answers, as columns to draw.
import type {HistoryAnswer} from '../types';

export interface Column {
  x: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

// A null goes into every gap, so that no line is drawn over it.
export function columnsOf(tag: HistoryAnswer['tags'][number]): Column {
  const rows: [number, number | null, number | null, number | null][] =
    tag.points.map(([us, mean, low, high]) => [us, mean, low, high]);
  for (const [from, to] of tag.gaps) rows.push([(from + to) / 2, null, null, null]);
  rows.sort((a, b) => a[0] - b[0]);
  return {x: rows.map((r) => r[0] / 1e6), mean: rows.map((r) => r[1]), low: rows.map((r) => r[2]), high: rows.map((r) => r[3])};
}
