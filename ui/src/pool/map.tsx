// map.tsx - every rack of the pool in one picture: how much of each is used, borrowed, free or out of
// service, from its bottom up. A canvas, as thousands of racks are drawn; what it shows is also said,
// rack by rack, with the arrow keys, and listed where something is wrong.
import {decimals} from '../format';
import {t} from '../i18n';
import {go, useRoute} from '../route';
import {store, useStore} from '../store';
import {token} from '../theme';
import {colourOf, countsOf, Legend, looks, sentenceOf} from './gpu_mark';
import {layMap, neighbour, rackAt, type MapLayout} from './map_layout';
import {poolStore} from './pool_store';
import type {GpuState, Racks} from './types';
import {useEffect, useRef, useState} from 'preact/hooks';

export const gpus = (n: number): string => decimals(n, Number.isInteger(n) ? 0 : 1);

// What a pool without a GPU shares are CPU slots, and are called so.
export const isSlots = (): boolean => poolStore.pool!.kinds.length > 0 && poolStore.pool!.kinds.every((k) => k.slots);
export const amount = (n: number): string => t(!isSlots() ? 'n.gpus' : n === 1 ? 'n.slot' : 'n.slots', {n: gpus(n)});

// From the bottom up.
const order: GpuState[] = ['used', 'borrowed', 'reserved', 'spare', 'drained', 'broken'];

function patternOf(state: GpuState, ratio: number): CanvasPattern | string {
  const size = Math.round(6 * ratio), tile = document.createElement('canvas'), c = tile.getContext('2d')!;
  const colour = colourOf(state), kind = looks[state].pattern;
  tile.width = tile.height = size;
  const quiet = state === 'drained';  // as planned: its lines on the ground, not the ground in its colour
  c.fillStyle = quiet ? token('surface') : colour;
  c.fillRect(0, 0, size, size);
  c.strokeStyle = c.fillStyle = quiet ? colour : token(`ink-${looks[state].colour}`) || token('surface');
  c.lineWidth = ratio * (quiet ? 2 : 1.1);
  c.beginPath();
  if (kind === 'vertical') (c.moveTo(size / 2, 0), c.lineTo(size / 2, size));
  if (kind === 'falling' || kind === 'cross') for (const d of [-size, 0, size]) (c.moveTo(d, 0), c.lineTo(d + size, size));
  if (kind === 'rising' || kind === 'cross') for (const d of [-size, 0, size]) (c.moveTo(d, size), c.lineTo(d + size, 0));
  c.stroke();
  if (kind === 'dots') c.fillRect(size / 2 - ratio, size / 2 - ratio, 2 * ratio, 2 * ratio);
  return kind ? document.createElement('canvas').getContext('2d')!.createPattern(tile, 'repeat')! : colour;
}

function drawRack(c: CanvasRenderingContext2D, racks: Racks, i: number, x: number, y: number, side: number,
                  fills: Map<GpuState, CanvasPattern | string>, edge: string, ratio: number): void {
  const counts = countsOf(racks, i);
  c.fillStyle = fills.get('free')!;
  c.fillRect(x, y, side, side);
  if (counts.unknown > 0) {
    c.setLineDash([2 * ratio, 2 * ratio]);
    c.strokeStyle = fills.get('unknown')!;
    c.strokeRect(x + ratio / 2, y + ratio / 2, side - ratio, side - ratio);
    c.setLineDash([]);
    return;
  }
  let bottom = y + side;
  for (const state of order) {
    if (!(counts[state] > 0) || !(counts.all > 0)) continue;
    // One broken GPU of a rack must be seen.
    const least = state === 'broken' || state === 'drained' ? 3 * ratio : ratio;
    const height = Math.min(bottom - y, Math.max(least, Math.round(side * counts[state] / counts.all)));
    c.fillStyle = fills.get(state)!;
    c.fillRect(x, bottom - height, side, height);
    bottom -= height;
  }
  if (counts.broken > 0 && bottom === y + side) return;
  c.strokeStyle = edge;
  c.strokeRect(x + ratio / 2, y + ratio / 2, side - ratio, side - ratio);
}

function draw(canvas: HTMLCanvasElement, racks: Racks, map: MapLayout, width: number, at: number, chosen: number, font: number): void {
  const ratio = Math.max(1, Math.round(devicePixelRatio * 2) / 2), c = canvas.getContext('2d')!;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(map.height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(map.height * ratio);
  }
  c.clearRect(0, 0, canvas.width, canvas.height);
  c.lineWidth = ratio;
  const fills = new Map<GpuState, CanvasPattern | string>(order.map((s) => [s, patternOf(s, ratio)]));
  fills.set('free', token('surface')).set('unknown', colourOf('unknown'));
  const edge = token('control');
  c.fillStyle = token('text2');
  c.font = `${font * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  for (const b of map.blocks) if (b.name) {
    const n = countsOf(racks, b.at, b.count);
    c.fillText(`${b.name}  ${sentenceOf(n, gpus)}`, 0, (b.y + map.title - 8) * ratio, width * ratio);
  }
  const side = (map.cell - map.gap) * ratio;
  for (let i = 0; i < map.x.length; i++) drawRack(c, racks, i, Math.round(map.x[i]! * ratio), Math.round(map.y[i]! * ratio), side, fills, edge, ratio);
  c.lineWidth = 2 * ratio;
  for (const [i, colour] of [[chosen, 'text'], [at, 'accent']] as const) {
    if (i < 0 || i >= map.x.length) continue;
    c.strokeStyle = token(colour);
    c.strokeRect(map.x[i]! * ratio - ratio, map.y[i]! * ratio - ratio, side + 2 * ratio, side + 2 * ratio);
  }
}

const said = (racks: Racks, i: number): string => `${racks.name[i]}: ${sentenceOf(countsOf(racks, i), gpus)}`;

export function RackMap({width, height, still = false}: {width: number; height: number; still?: boolean}) {
  const title = still ? 30 : 22;  // room for the name of a hall, px
  const canvas = useRef<HTMLCanvasElement>(null), laid = useRef<MapLayout | null>(null);
  const [at, setAt] = useState(-1);
  const {item, query} = useRoute();
  const racks = poolStore.pool!.racks;
  const chosen = item ? racks.name.indexOf(item) : -1;
  useEffect(() => {
    laid.current = layMap(racks, width, height, title);
    const again = () => canvas.current && draw(canvas.current, poolStore.pool!.racks, laid.current!, width, at, chosen, title - 10);  // may be gone by then
    again();
    const stop = store.listen(['pool'], again);
    const theme = new MutationObserver(again);
    theme.observe(document.documentElement, {attributeFilter: ['data-theme']});
    return () => (stop(), theme.disconnect());
  }, [racks.name, width, height, at, chosen]);
  const open = (i: number) => i >= 0 && go('pool', racks.name[i] === item ? '' : racks.name[i], query);
  const find = (e: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return rackAt(laid.current!, e.clientX - box.left, e.clientY - box.top);
  };
  const key = (e: KeyboardEvent) => {
    if (e.key === 'Enter' || e.key === ' ') open(at);
    else if (/^Arrow|^Home$|^End$/.test(e.key)) setAt(neighbour(laid.current!, at, e.key));
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const map = layMap(racks, width, height, title), all = countsOf(racks, 0, racks.name.length);
  const sentence = t('map.sentence', {n: gpus(racks.name.length), what: sentenceOf(all, gpus)});
  return <div class="map">
    {still ? <canvas ref={canvas} role="img" aria-label={sentence} style={{width: `${width}px`, height: `${map.height}px`}} />
      : <canvas ref={canvas} tabIndex={0} role="application" aria-label={`${sentence} ${t('map.keys')}`} aria-describedby="map-said" style={{width: `${width}px`, height: `${map.height}px`}}
          onKeyDown={key} onClick={(e) => open(find(e))} onPointerMove={(e) => setAt(find(e))} onPointerLeave={() => setAt(-1)} onBlur={() => setAt(-1)} />}
    {!still && <output id="map-said" class="num cursor">{at >= 0 && at < racks.name.length ? said(racks, at) : '\u00a0'}</output>}
    <Legend />
  </div>;
}

const listed = 40;

// Where something is wrong, worst first; the same with every rack for who cannot use the map.
export function RackList({every}: {every: boolean}) {
  useStore('pool');
  const {query} = useRoute(), [more, setMore] = useState(listed);
  const racks = poolStore.pool!.racks;
  const rows = racks.name.map((_, i) => ({i, counts: countsOf(racks, i)}));
  const wrong = rows.filter(({counts}) => counts.broken > 0 || counts.drained > 0 || counts.unknown > 0)
    .sort((a, b) => b.counts.unknown - a.counts.unknown || b.counts.broken - a.counts.broken || b.counts.drained - a.counts.drained);
  const list = every ? rows : wrong;
  const link = (i: number) => <a href={`#/pool/${encodeURIComponent(racks.name[i]!)}${query.toString() ? `?${query}` : ''}`}>{racks.name[i]}</a>;
  if (!list.length) return <p class="muted">{t('racks.fine')}</p>;
  return <>
    <h3>{every ? t('racks.all', {n: list.length}) : t('racks.wrong', {n: list.length})}</h3>
    <ul class="rack-list">{list.slice(0, more).map(({i, counts}) => <li>{link(i)} <span class="muted num">{sentenceOf(counts, gpus)}</span></li>)}</ul>
    {list.length > more && <button class="quiet" onClick={() => setMore(more + 200)}>{t('more', {n: list.length - more})}</button>}
  </>;
}
