// describe.ts - a station in words, for the tile, the list and the screen reader.
import {count} from '../format';
import {t} from '../i18n';
import {stateWord} from '../parts/glyph';
import {gravest, severity} from '../state';
import type {Store} from '../store';

export const codesOf = (store: Store, s: number): Uint8Array =>
  store.state.subarray(store.machineAt[s]!, store.machineAt[s + 1]!);

export const stationState = (store: Store, s: number): number => gravest(codesOf(store, s));

// "down 1 · run 2", the gravest first; one word where all agree.
export function stateSummary(store: Store, s: number): string {
  const codes = codesOf(store, s), counts = new Map<number, number>();
  for (const c of codes) counts.set(c, (counts.get(c) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => severity(b[0]) - severity(a[0]));
  if (sorted.length === 1) return stateWord(sorted[0]![0]) + (codes.length > 1 ? ` ×${codes.length}` : '');
  const said = sorted.slice(0, 2).map(([c, n]) => `${stateWord(c)} ${n}`);
  return said.join(' · ') + (sorted.length > 2 ? ' …' : '');
}

export function queueText(store: Store, s: number): string {
  const places = store.plant.stations[s]!.places;
  return places === null ? count(store.queue[s]!) : `${count(store.queue[s]!)}/${count(places)}`;
}

export const shareOf = (store: Store, s: number): number | null =>
  store.kpi?.bottleneck.find((b) => b.station === store.plant.stations[s]!.name)?.share ?? null;

// One bottleneck, or two where their shares are within five points: then nobody can tell.
export function isBottleneck(store: Store, s: number): boolean {
  const list = store.kpi?.bottleneck ?? [];
  if (list.length === 0) return false;
  const first = list[0]!.share, share = shareOf(store, s);
  return share !== null && list.slice(0, 2).some((b) => b.station === store.plant.stations[s]!.name) &&
    share >= first - 0.05;
}

export function stationLabel(store: Store, s: number): string {
  const station = store.plant.stations[s]!, parts = [station.name];
  if (isBottleneck(store, s)) parts.push(t('bottleneck'));
  parts.push(stateSummary(store, s));
  parts.push(station.places === null ? t('label.queue', {n: store.queue[s]!})
    : t('label.queue.of', {n: store.queue[s]!, of: station.places}));
  return parts.join(', ');
}

