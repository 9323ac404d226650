// drawing.tsx - the plant in SVG, with a button over each station that says it in words.
//
// Made once for a plant and a width, by copying one tile, with the states already in it, so that the
// first frame is whole; after that each frame writes only the stations that changed into the elements
// it keeps (T23). A tile is an island: what is out of sight is neither laid out nor painted, and a
// change paints its own tile and nothing around.
import {count, duration, percent} from '../format';
import {t} from '../i18n';
import {glyphInk, glyphPath} from '../parts/glyph';
import {stateNames} from '../state';
import {isWall} from '../route';
import {store} from '../store';
import type {PlantStation} from '../types';
import {layOut, tileHeight, type Place} from './layout';
import {codesOf, isBottleneck, queueText, shareOf, stateSummary, stationLabel} from './describe';
import {useLayoutEffect, useMemo, useRef, useState} from 'preact/hooks';

const glyphsMost = 6;
const around = {x: 12, top: 28, bottom: 12};  // brackets and the mark above, in units of the drawing

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

function tileOf(place: HTMLElement): Tile {
  const group = place.querySelector<SVGGElement>('.shape')!;
  const find = <T extends Element>(name: string) => group.querySelector<T>(`.${name}`)!;
  return {
    group, button: place.querySelector<HTMLElement>('.tile'), word: find('t-word'), queue: find('t-queue'), fill: find('t-fill'), bn: find('t-bn'),
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

const svg = (name: string, attributes: Record<string, string | number>, ...inside: Element[]): SVGElement => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...inside);
  return node;
};

// What all tiles of a drawing have in common; `tileFor` copies it.
function makeTemplate(w: number, scale: number): HTMLElement {
  const h = tileHeight, width = w + 2 * around.x, height = h + around.top + around.bottom;
  const place = document.createElement('li');
  place.className = 'place';
  place.style.width = `${width * scale}px`;
  place.style.height = `${height * scale}px`;
  place.append(svg('svg', {width: width * scale, height: height * scale, 'aria-hidden': 'true',
    viewBox: `${-around.x} ${-around.top} ${width} ${height}`},
  svg('g', {class: 'shape'},
    svg('path', {class: 'bracket', d: `M2 -5H-5V${h + 5}H2M6 -9H-9V${h + 9}H6M${w - 2} -5H${w + 5}V${h + 5}H${w - 2}M${w - 6} -9H${w + 9}V${h + 9}H${w - 6}`}),
    svg('rect', {class: 'body', width: w, height: h, rx: 4}),
    svg('text', {class: 't-name', x: 8, y: 21}),
    svg('text', {class: 't-bn', x: w / 2, y: -12, 'text-anchor': 'middle'}),
    svg('text', {class: 't-more', x: w - 8, y: 43, 'text-anchor': 'end'}),
    svg('text', {class: 't-word', x: 8, y: 66}),
    svg('text', {class: 't-small t-mean', x: 8, y: 84}),
    svg('text', {class: 't-small t-line', x: 8, y: 102}),
    svg('rect', {class: 't-track', x: 34, y: 95, width: w - 84, height: 7}),
    svg('rect', {class: 't-fill', x: 34, y: 95, width: 0, height: 7}),
    svg('text', {class: 't-queue', x: w - 8, y: 102, 'text-anchor': 'end'}))));
  if (!isWall()) {
    const button = document.createElement('button');
    button.className = 'tile';
    Object.assign(button.style, {left: `${around.x * scale}px`, top: `${around.top * scale}px`, width: `${w * scale}px`, height: `${h * scale}px`});
    place.append(button);
  }
  place.querySelector('.t-line')!.textContent = t('queue.short');
  return place;
}

function tileFor(template: HTMLElement, station: PlantStation, at: Place, w: number, scale: number): HTMLElement {
  const place = template.cloneNode(true) as HTMLElement;
  const machines = Math.min(glyphsMost, station.machines.length), step = Math.min(20, (w - 16) / machines);
  const text = (name: string, said: string) => void (place.querySelector(`.${name}`)!.textContent = said);
  place.style.left = `${(at.x - around.x) * scale}px`;
  place.style.top = `${(at.y - around.top) * scale}px`;
  text('t-name', fit(station.name, w - 16));
  text('t-mean', (station.mean_s === null ? '' : duration(station.mean_s)) +
    (station.batch ? ` · ${t('batch.of', {n: count(station.batch.max)})}` : ''));
  text('t-more', station.machines.length > machines ? `+${station.machines.length - machines}` : '');
  place.querySelector('.t-more')!.before(...Array.from({length: machines}, (_, m) =>
    svg('g', {class: 't-mark glyph', transform: `translate(${8 + m * step} 30)`},
      svg('path', {class: 'fill', 'fill-rule': 'evenodd'}), svg('path', {class: 'ink'}))));
  const button = place.querySelector<HTMLElement>('.tile');
  if (button) button.title = station.name;
  return place;
}

export function Drawing({width, scale, selected, onSelect}:
    {width: number; scale: number; selected: number; onSelect: (s: number) => void}) {
  const plant = store.plant;
  const layout = useMemo(() => layOut(plant.stations, width / scale), [plant, width, scale]);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    const template = makeTemplate(layout.tileWidth, scale);
    const places = plant.stations.map((station, s) => tileFor(template, station, layout.places[s]!, layout.tileWidth, scale));
    const tiles = places.map(tileOf);
    const all = () => tiles.forEach((tile, s) => show(tile, s, layout.tileWidth));
    const changed = () => {
      for (let s = 0; s < tiles.length; s++) {
        if (!store.dirty[s]) continue;
        store.dirty[s] = 0;
        show(tiles[s]!, s, layout.tileWidth);
      }
    };
    all();
    store.dirty.fill(0);
    list.current!.replaceChildren(...places);
    const stops = [store.listen(['state'], changed), store.listen(['kpi', 'link'], all),
      store.listen(['second'], () => store.offline && all())];
    return () => stops.forEach((stop) => stop());
  }, [layout]);
  useLayoutEffect(() => {
    list.current!.querySelectorAll('.tile').forEach((tile, s) => put(tile, 'aria-expanded', String(s === selected)));
  }, [layout, selected]);
  const tiles = () => [...list.current!.querySelectorAll<HTMLElement>('.tile')];
  const indexOf = (e: Event) => tiles().indexOf((e.target as HTMLElement).closest<HTMLElement>('.tile')!);
  const press = (e: KeyboardEvent) => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key], s = indexOf(e);
    if (!step || s < 0) return;
    e.preventDefault();
    tiles()[s + step]?.focus();
  };
  const click = (e: Event) => {
    const s = indexOf(e);
    if (s >= 0) onSelect(s);
  };
  return <div class="drawing">
    <svg aria-hidden="true" width={width} height={layout.height * scale} viewBox={`0 0 ${layout.width} ${layout.height}`}>
      <defs><marker id="arrow" viewBox="0 0 6 6" refX="4" refY="3" markerWidth="6" markerHeight="6" orient="auto">
        <path d="M0 0L6 3L0 6Z" class="arrow" /></marker></defs>
      {layout.edges.map((e) => <path class="edge" d={e.path} marker-end="url(#arrow)" />)}
    </svg>
    <ul ref={list} aria-label={isWall() ? undefined : t('line.stations')} aria-hidden={isWall() ? 'true' : undefined}
      onClick={click} onKeyDown={press} />
  </div>;
}

// The width that there is, followed as it changes.
export function useWidth(): [preact.RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, put] = useState(0);
  useLayoutEffect(() => {  // before the first frame, which would else be an empty one
    const look = new ResizeObserver(() => put(Math.floor(ref.current?.clientWidth ?? 0)));
    look.observe(ref.current!);
    put(Math.floor(ref.current!.clientWidth));
    return () => look.disconnect();
  }, []);
  return [ref, width];
}

