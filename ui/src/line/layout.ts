// layout.ts - where the stations stand: layers along the routes, wrapped into rows.
import type {PlantStation} from '../types';

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  tileWidth: number;
  places: Place[];
  edges: string;
  arrows: string;
}

export const tileHeight = 112;
const tileLeast = 118, tileMost = 190, gapX = 32, gapY = 44, stackGap = 16, top = 26, side = 14;

// Longest way from the beginning, by edges that go forward in the file's order; a way back (rework)
// changes no layer.
export function layers(stations: PlantStation[]): number[] {
  const at = new Map(stations.map((s, i) => [s.name, i]));
  const layer = stations.map(() => 0);
  stations.forEach((s, i) => {
    for (const name of s.next) {
      const to = at.get(name);
      if (to !== undefined && to > i) layer[to] = Math.max(layer[to]!, layer[i]! + 1);
    }
  });
  return layer;
}

export function layOut(stations: PlantStation[], width: number): Layout {
  const layer = layers(stations);
  const count = Math.max(0, ...layer) + 1;
  const most = Math.max(1, Math.floor((width - 2 * side + gapX) / (tileLeast + gapX)));
  const rows = Math.ceil(count / most), columns = Math.ceil(count / rows);
  const tileWidth = Math.min(tileMost, Math.floor((width - 2 * side + gapX) / columns) - gapX);
  const heights: number[] = new Array(rows).fill(0);
  const inLayer: number[] = new Array(count).fill(0);
  const order = layer.map((l) => inLayer[l]!++);
  for (let l = 0; l < count; l++) {
    const r = Math.floor(l / columns);
    heights[r] = Math.max(heights[r]!, inLayer[l]! * (tileHeight + stackGap) - stackGap);
  }
  const topOf: number[] = [];
  let y = top;
  for (const h of heights) {
    topOf.push(y);
    y += h + gapY;
  }
  const places = layer.map((l, i) => {
    const r = Math.floor(l / columns);
    const used = inLayer[l]! * (tileHeight + stackGap) - stackGap;
    return {x: side + (l % columns) * (tileWidth + gapX),
      y: topOf[r]! + (heights[r]! - used) / 2 + order[i]! * (tileHeight + stackGap)};
  });
  return {width, height: y - gapY + 30, tileWidth, places, ...edges(stations, places, tileWidth)};
}

// Lines and heads of all ways, each as one path: two elements, however many stations there are.
function edges(stations: PlantStation[], places: Place[], w: number): {edges: string; arrows: string} {
  const at = new Map(stations.map((s, i) => [s.name, i]));
  const lines: string[] = [], arrows: string[] = [];
  const right = (x: number, y: number) => void arrows.push(`M${x - 6} ${y - 4.5}L${x + 3} ${y}L${x - 6} ${y + 4.5}Z`);
  const up = (x: number, y: number) => void arrows.push(`M${x - 4.5} ${y + 6}L${x} ${y - 3}L${x + 4.5} ${y + 6}Z`);
  stations.forEach((s, from) => {
    for (const name of s.next) {
      const to = at.get(name);
      if (to === undefined) continue;
      const a = places[from]!, b = places[to]!, h = tileHeight;
      const ay = a.y + h / 2, by = b.y + h / 2, end = a.x + w;
      if (b.x - end === gapX) {  // the neighbour
        lines.push(ay === by ? `M${end} ${ay}H${b.x - 10}` : `M${end} ${ay}h${gapX / 2 - 4}V${by}H${b.x - 10}`);
        right(b.x - 10, by);
      } else if (b.y > a.y + h) {  // next row
        lines.push(`M${end} ${ay}h6V${b.y - gapY / 2 - 4}H${b.x - 13}V${by}H${b.x - 10}`);
        right(b.x - 10, by);
      } else if (from === to) {
        lines.push(`M${a.x + w * 0.7} ${a.y + h}v12H${a.x + w * 0.3}v-7`);
        up(a.x + w * 0.3, a.y + h + 5);
      } else {  // over others, or back: below them
        lines.push(`M${a.x + w * 0.6} ${a.y + h}V${Math.max(a.y, b.y) + h + 14}H${b.x + w * 0.4}V${b.y + h + 5}`);
        up(b.x + w * 0.4, b.y + h + 5);
      }
    }
  });
  return {edges: lines.join(''), arrows: arrows.join('')};
}
