// gpu_mark.tsx - what a GPU is doing, by shape, pattern and word; colour only helps.
import {t} from '../i18n';
import {token} from '../theme';
import {parts, type GpuState, type Node, type Racks} from './types';

// Colours are those of machine states: measured against each other for every eye (T4).
export const looks: Record<GpuState, {colour: string; shape: string; open?: boolean; pattern: string}> = {
  used: {colour: 'run', shape: 'M2 2H14V14H2Z', pattern: ''},
  borrowed: {colour: 'blocked', shape: 'M8 .8L15.2 8L8 15.2L.8 8Z', pattern: 'vertical'},
  free: {colour: 'control', shape: 'M2.5 2.5H13.5V13.5H2.5Z', open: true, pattern: ''},
  reserved: {colour: 'waiting', shape: 'M2.5 1H13.5V3.2L9.3 8L13.5 12.8V15H2.5V12.8L6.7 8L2.5 3.2Z', pattern: 'rising'},
  spare: {colour: 'starved', shape: 'M6 1H10V6H15V10H10V15H6V10H1V6H6Z', pattern: 'dots'},
  drained: {colour: 'pm', shape: 'M1.5 2H14.5L8 14.5Z', pattern: 'falling'},
  broken: {colour: 'down', shape: 'M5 1H11L15 5V11L11 15H5L1 11V5Z', pattern: 'cross'},
  unknown: {colour: 'text3', shape: 'M5 5.6a3 3 0 1 1 4.6 2.6C8.7 8.9 8.7 9.2 8.7 10H7.1c0-1.5.3-2.1 1.4-2.9A1.4 1.4 0 1 0 6.6 5.6ZM7.1 11.2H8.8V13H7.1Z', pattern: ''},
};

export const colourOf = (state: GpuState): string => {
  const name = looks[state].colour;
  return name === 'control' || name === 'text3' ? token(name) : token(`st-${name}`);
};

export const stateWord = (state: GpuState): string => t(`gpu.${state}`);

// `filled`: of a GPU in use, how much of it is.
export function GpuMark({state, filled = 1, x = 0, size = 16}: {state: GpuState; filled?: number; x?: number; size?: number}) {
  const look = looks[state], partly = (state === 'used' || state === 'borrowed') && filled < 1;
  return <svg class={`gpu gpu-${state}`} x={x} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
    {partly && <rect class="half" x="2" y={14 - 12 * filled} width="12" height={12 * filled} />}
    <path class={look.open || partly ? 'open' : 'fill'} fill-rule="evenodd" d={look.shape} />
    {state === 'broken' && <path class="ink" d="M7 3.6H9L8.7 9H7.3ZM7.1 10.4H8.9V12.2H7.1Z" />}
  </svg>;
}

// What one GPU of a node is.
export function stateOf(node: Node, gpu: Node['gpus'][number]): GpuState {
  if (gpu.used > 0) return gpu.borrowed > 0 ? 'borrowed' : 'used';
  if (gpu.out) return 'drained';
  if (node.state === 'up') return node.reserved_for !== null ? 'reserved' : 'free';
  return node.state in looks ? node.state as GpuState : 'unknown';
}

// How many GPUs of a rack, or of `count` from `at` on, are what; 'used' without what is borrowed.
// NaN where the server did not say.
export function countsOf(racks: Racks, at: number, count = 1): Record<GpuState, number> & {all: number} {
  const sums = {all: 0, used: 0, borrowed: 0, reserved: 0, spare: 0, drained: 0, broken: 0, free: 0, unknown: 0};
  for (let i = at; i < at + count; i++) {
    const all = racks.gpus[i] ?? NaN;
    let rest = all;
    for (const part of parts) {
      const n = racks[part]?.[i] ?? NaN;
      sums[part] += n;
      if (part !== 'borrowed') rest -= n;
    }
    sums.all += all;
    sums.free += rest;
  }
  sums.used -= sums.borrowed;
  // Fractions are thousandths; what computing with them leaves over is nothing.
  sums.used = Math.round(sums.used * 1000) / 1000;
  sums.free = Math.max(0, Math.round(sums.free * 1000) / 1000);
  if (Number.isNaN(sums.all + sums.used + sums.free)) sums.unknown = 1;
  return sums;
}

// "40 in use, 8 borrowed, 24 free": what there is of each.
export function sentenceOf(counts: Record<GpuState, number> & {all: number}, say: (n: number) => string): string {
  if (counts.unknown > 0) return stateWord('unknown');
  const order: GpuState[] = ['used', 'borrowed', 'free', 'reserved', 'spare', 'drained', 'broken'];
  return order.filter((s) => counts[s] > 0).map((s) => `${stateWord(s)} ${say(counts[s])}`).join(', ');
}

export function Legend() {
  const order: GpuState[] = ['used', 'borrowed', 'free', 'reserved', 'spare', 'drained', 'broken'];
  return <ul class="legend">{order.map((s) => <li><GpuMark state={s} /> {stateWord(s)}</li>)}</ul>;
}
