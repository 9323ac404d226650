// tile.ts - one station of the drawing: a button that says it in words, and its shape in SVG.
//
// Both are copied from a pattern, with the state already in it, so that the first frame is whole. The
// shape may come later than the button: that of a station out of sight does.
import {count, duration, percent} from '../format';
import {t} from '../i18n';
import {glyphInk, glyphPath} from '../parts/glyph';
import {isWall} from '../route';
import {stateNames} from '../state';
import {store} from '../store';
import {codesOf, isBottleneck, queueText, shareOf, stateSummary, stationLabel} from './describe';
import {tileHeight, type Place} from './layout';

const glyphsMost = 6;
const around = {x: 12, top: 28, bottom: 12};  // brackets and the mark above, in units of the drawing

interface Shape {
  group: Element;
  word: Element;
  queue: Element;
  fill: Element;
  bn: Element;
  marks: {box: Element; fill: Element; ink: Element; code: number}[];
}

export interface Tile {
  station: number;
  place: HTMLElement;
  button: HTMLElement | null;  // a wall has none
  shape: Shape | null;         // not drawn yet
}

const put = (node: Element, name: string, value: string) => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};
const say = (node: Element, text: string) => {
  if (node.textContent !== text) node.textContent = text;
};

// Cuts what does not fit; the whole stands in the label. Hangul is about twice as wide.
function fit(text: string, width: number): string {
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    used += text.charCodeAt(i) > 0x1100 ? 13 : 7;
    if (used > width) {
      const whole = text.lastIndexOf(' · ', i);  // rather a state less than half of its word
      return whole > 0 ? `${text.slice(0, whole)} …` : `${text.slice(0, Math.max(1, i - 1))}…`;
    }
  }
  return text;
}

const svg = (name: string, attributes: Record<string, string | number>, ...inside: Element[]): SVGElement => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...inside);
  return node;
};

// The tiles of one drawing: of one width and scale.
export class Tiles {
  private readonly place: HTMLElement;
  private readonly shapes = new Map<number, SVGElement>();  // by the number of marks

  constructor(private readonly width: number, private readonly scale: number) {
    const w = width + 2 * around.x, h = tileHeight + around.top + around.bottom;
    this.place = document.createElement('li');
    this.place.className = 'place';
    Object.assign(this.place.style, {width: `${w * scale}px`, height: `${h * scale}px`});
    if (isWall()) return;
    const button = document.createElement('button');
    button.className = 'tile';
    Object.assign(button.style, {left: `${around.x * scale}px`, top: `${around.top * scale}px`, width: `${width * scale}px`, height: `${tileHeight * scale}px`});
    this.place.append(button);
  }

  // In its place, with its words; without its shape.
  make(s: number, at: Place): Tile {
    const place = this.place.cloneNode(true) as HTMLElement, button = place.firstElementChild as HTMLElement | null;
    place.style.left = `${(at.x - around.x) * this.scale}px`;
    place.style.top = `${(at.y - around.top) * this.scale}px`;
    if (button) button.title = store.plant.stations[s]!.name;
    const tile = {station: s, place, button, shape: null};
    this.show(tile);
    return tile;
  }

  draw(tile: Tile): void {
    const station = store.plant.stations[tile.station]!, w = this.width;
    const marks = Math.min(glyphsMost, station.machines.length), more = station.machines.length - marks;
    const drawn = this.pattern(marks).cloneNode(true) as Element, group = drawn.firstElementChild!;
    const [, , name, bn, word, mean, , , fill, queue, rest, ...boxes] = group.children;
    name!.textContent = fit(station.name, w - 16);
    mean!.textContent = (station.mean_s === null ? '' : duration(station.mean_s)) +
      (station.batch ? ` · ${t('batch.of', {n: count(station.batch.max)})}` : '');
    if (more > 0) rest!.textContent = `+${more}`;
    tile.shape = {group, word: word!, queue: queue!, fill: fill!, bn: bn!,
      marks: boxes.map((box) => ({box, fill: box.firstElementChild!, ink: box.lastElementChild!, code: -1}))};
    this.showShape(tile.shape, tile.station);
    tile.place.prepend(drawn);
  }

  show(tile: Tile): void {
    if (tile.button) put(tile.button, 'aria-label', stationLabel(store, tile.station));
    if (tile.shape) this.showShape(tile.shape, tile.station);
  }

  private showShape(shape: Shape, s: number): void {
    const codes = codesOf(store, s), width = this.width;
    shape.marks.forEach((mark, m) => {
      const code = codes[m]!;
      if (mark.code === code) return;
      mark.code = code;
      put(mark.box, 'class', `t-mark glyph st-${stateNames[code]}`);
      put(mark.fill, 'd', glyphPath(code));
      put(mark.ink, 'd', glyphInk(code));
    });
    const age = store.offline ? ` · ${duration(Math.round(store.age()))}` : '';
    say(shape.word, fit(stateSummary(store, s), width - 16 - age.length * 7) + age);
    say(shape.queue, queueText(store, s));
    const places = store.plant.stations[s]!.places;
    const share = Math.min(1, store.queue[s]! / (places ?? 20));
    put(shape.fill, 'width', String(Math.round(share * (width - 84))));
    const bn = isBottleneck(store, s);
    put(shape.group, 'class', `shape${bn ? ' bn' : ''}${places !== null && store.queue[s]! >= places ? ' full' : ''}`);
    say(shape.bn, bn ? `BN ${percent(shareOf(store, s))}` : '');
  }

  // What all shapes with so many marks have in common. draw() counts on the order.
  private pattern(marks: number): SVGElement {
    const known = this.shapes.get(marks);
    if (known) return known;
    const w = this.width, h = tileHeight, width = w + 2 * around.x, height = h + around.top + around.bottom;
    const step = Math.min(20, (w - 16) / marks);
    const line = svg('text', {class: 't-small t-line', x: 8, y: 102});
    line.textContent = t('queue.short');
    const made = svg('svg', {width: width * this.scale, height: height * this.scale, 'aria-hidden': 'true',
      viewBox: `${-around.x} ${-around.top} ${width} ${height}`},
    svg('g', {class: 'shape'},
      svg('path', {class: 'bracket', d: `M2 -5H-5V${h + 5}H2M6 -9H-9V${h + 9}H6M${w - 2} -5H${w + 5}V${h + 5}H${w - 2}M${w - 6} -9H${w + 9}V${h + 9}H${w - 6}`}),
      svg('rect', {class: 'body', width: w, height: h, rx: 4}),
      svg('text', {class: 't-name', x: 8, y: 21}),
      svg('text', {class: 't-bn', x: w / 2, y: -12, 'text-anchor': 'middle'}),
      svg('text', {class: 't-word', x: 8, y: 66}),
      svg('text', {class: 't-small t-mean', x: 8, y: 84}),
      line,
      svg('rect', {class: 't-track', x: 34, y: 95, width: w - 84, height: 7}),
      svg('rect', {class: 't-fill', x: 34, y: 95, width: 0, height: 7}),
      svg('text', {class: 't-queue', x: w - 8, y: 102, 'text-anchor': 'end'}),
      svg('text', {class: 't-more', x: w - 8, y: 43, 'text-anchor': 'end'}),
      ...Array.from({length: marks}, (_, m) => svg('g', {class: 't-mark glyph', transform: `translate(${8 + m * step} 30)`},
        svg('path', {class: 'fill', 'fill-rule': 'evenodd'}), svg('path', {class: 'ink'})))));
    this.shapes.set(marks, made);
    return made;
  }
}
