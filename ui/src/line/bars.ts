// bars.ts - the states of a machine as bars of time, and the share of each.
import type {Segment} from '../store';

export interface Bar {
  code: number;
  from: number;
  to: number;
}

// Neighbours of one state merged, cut to the span, in its order.
export function barsOf(segments: Segment[], from: number, to: number): Bar[] {
  const bars: Bar[] = [];
  segments.forEach((s, i) => {
    const end = Math.min(to, segments[i + 1]?.from ?? to), start = Math.max(from, s.from);
    if (end <= start) return;
    const last = bars[bars.length - 1];
    if (last && last.code === s.code && last.to >= start) last.to = end;
    else bars.push({code: s.code, from: start, to: end});
  });
  return bars;
}

export function shares(bars: Bar[]): [number, number][] {
  const sums = new Map<number, number>();
  let all = 0;
  for (const b of bars) {
    sums.set(b.code, (sums.get(b.code) ?? 0) + b.to - b.from);
    all += b.to - b.from;
  }
  return all > 0 ? [...sums].map(([c, v]) => [c, v / all] as [number, number]).sort((a, b) => b[1] - a[1]) : [];
}
