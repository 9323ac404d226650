// map_layout.ts - where each rack stands on the map: halls below each other, rows within them, as
// large as the room allows.
import type {Racks} from './types';

export interface Block {
  name: string;  // of the hall, '' where there is none
  at: number;
  count: number;
  y: number;     // of its title
}

export interface MapLayout {
  title: number;  // room above a block for its name, px
  cell: number;  // side of a rack with the gap behind it, px
  gap: number;
  height: number;
  blocks: Block[];
  x: Float32Array;
  y: Float32Array;
}

const cells = [34, 28, 24, 20, 17, 15, 13, 11, 10, 9, 8, 7, 6, 5];

// The widest units that have several racks and siblings, or the whole pool.
function blocksOf(racks: Racks): {name: string; at: number; count: number}[] {
  for (const level of ['site', 'hall', 'row'] as const) {
    const units = racks.units.filter((u) => u.level === level);
    if (units.length < 2) continue;
    const found: {name: string; at: number; count: number}[] = [];
    let next = 0;
    for (const u of units) {
      if (u.at > next) found.push({name: '', at: next, count: u.at - next});
      found.push(u);
      next = u.at + u.count;
    }
    if (next < racks.name.length) found.push({name: '', at: next, count: racks.name.length - next});
    return found;
  }
  return [{name: racks.units[0]?.name ?? '', at: 0, count: racks.name.length}];
}

function layWith(racks: Racks, width: number, cell: number, title: number): MapLayout {
  const n = racks.name.length, x = new Float32Array(n), y = new Float32Array(n), blocks: Block[] = [];
  const columns = Math.max(1, Math.floor(width / cell));
  const starts = new Set(racks.units.filter((u) => u.level === 'row').map((u) => u.at));
  const perRow = Math.max(0, ...racks.units.filter((u) => u.level === 'row').map((u) => u.count));
  // Rows of the hall begin a line where they fill most of it; else they follow each other.
  const lines = perRow > 0.7 * columns && perRow <= columns;
  let top = 0;
  for (const b of blocksOf(racks)) {
    blocks.push({name: b.name, at: b.at, count: b.count, y: top});
    if (b.name) top += title;
    let column = 0;
    for (let i = b.at; i < b.at + b.count && i < n; i++) {
      if (column === columns || (lines && column > 0 && starts.has(i))) {
        column = 0;
        top += cell;
      }
      x[i] = column++ * cell;
      y[i] = top;
    }
    top += cell + 6;
  }
  return {title, cell, gap: cell > 8 ? 2 : 1, height: Math.ceil(top), blocks, x, y};
}

// The largest cells with which all is within `height`, or the smallest there are.
export function layMap(racks: Racks, width: number, height: number, title = 22): MapLayout {
  let laid = layWith(racks, width, cells[0]!, title);
  for (const cell of cells) {
    laid = layWith(racks, width, cell, title);
    if (laid.height <= height) break;
  }
  return laid;
}

// The rack at a place, -1: none.
export function rackAt(map: MapLayout, px: number, py: number): number {
  for (let i = 0; i < map.x.length; i++) {
    if (px >= map.x[i]! && px < map.x[i]! + map.cell && py >= map.y[i]! && py < map.y[i]! + map.cell) return i;
  }
  return -1;
}

// The next rack in a direction; the same where there is none.
export function neighbour(map: MapLayout, from: number, key: string): number {
  const n = map.x.length;
  if (from < 0) return n > 0 ? 0 : -1;
  if (key === 'ArrowRight') return Math.min(n - 1, from + 1);
  if (key === 'ArrowLeft') return Math.max(0, from - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return n - 1;
  const down = key === 'ArrowDown';
  let line = down ? Infinity : -Infinity, best = from;
  for (let i = 0; i < n; i++) {
    if (down ? map.y[i]! > map.y[from]! && map.y[i]! < line : map.y[i]! < map.y[from]! && map.y[i]! > line) line = map.y[i]!;
  }
  for (let i = 0, near = Infinity; i < n; i++) {
    const off = Math.abs(map.x[i]! - map.x[from]!);
    if (map.y[i] === line && off < near) [near, best] = [off, i];
  }
  return best;
}
