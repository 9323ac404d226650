// glyph.tsx - the mark of a machine's state: shape, pattern and word say it, colour only helps (T2).
import {word} from '../i18n';
import {stateNames} from '../state';

// In a box of 16; filled with the state's colour. `ink` is drawn over it.
const shapes: Record<string, {fill: string; ink?: string; open?: boolean}> = {
  run: {fill: 'M3 2L14 8L3 14Z'},
  starved: {fill: 'M9.5 3a5 5 0 1 1 0 10a5 5 0 1 1 0-10ZM9.5 5.4a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 1 0 0-5.2ZM1 2h2.2v12H1Z'},
  blocked: {fill: 'M2 3H11V13H2ZM12.8 2H15V14H12.8Z'},
  setup: {fill: 'M8 1L15 8L8 15L1 8Z'},
  waiting: {fill: 'M2.5 1H13.5V3.2L9.3 8L13.5 12.8V15H2.5V12.8L6.7 8L2.5 3.2Z'},
  down: {fill: 'M5 1H11L15 5V11L11 15H5L1 11V5Z', ink: 'M7 3.6H9L8.7 9H7.3ZM7.1 10.4H8.9V12.2H7.1Z'},
  pm: {fill: 'M10.2 1.2a4.3 4.3 0 0 0-4 5.8L1.2 12l2.8 2.8l5-5a4.3 4.3 0 0 0 5.6-5.2l-2.5 2.5l-2.6-.6l-.6-2.6l2.4-2.5Z'},
  off: {fill: 'M2 7H14V9H2Z', open: true},
  unknown: {fill: 'M5 5.6a3 3 0 1 1 4.6 2.6C8.7 8.9 8.7 9.2 8.7 10H7.1c0-1.5.3-2.1 1.4-2.9A1.4 1.4 0 1 0 6.6 5.6ZM7.1 11.2H8.8V13H7.1Z', open: true},
};

export const glyphPath = (code: number): string => shapes[stateNames[code]!]!.fill;
export const glyphInk = (code: number): string => shapes[stateNames[code]!]!.ink ?? '';

export function Glyph({code, size = 16}: {code: number; size?: number}) {
  const name = stateNames[code]!, shape = shapes[name]!;
  return <svg class={`glyph st-${name}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
    {name === 'unknown' && <rect class="dashed" x="1" y="1" width="14" height="14" rx="2" />}
    <path class="fill" fill-rule="evenodd" d={shape.fill} />
    {shape.ink && <path class="ink" d={shape.ink} />}
  </svg>;
}

export const stateWord = (code: number): string => word('state', stateNames[code]!);

// The patterns of bars; one for each state that has one.
export function Patterns() {
  const line = (d: string, width = 1.2) => <path d={d} stroke="currentColor" stroke-width={width} fill="none" />;
  const pattern = (id: string, size: number, inside: preact.ComponentChild) =>
    <pattern id={`pat-${id}`} width={size} height={size} patternUnits="userSpaceOnUse"
      class={`pat st-${id}`}><rect class="fill" width={size} height={size} />{inside}</pattern>;
  return <svg width="0" height="0" class="hidden" aria-hidden="true"><defs>
    {pattern('run', 4, null)}
    {pattern('starved', 4, line('M0 2H4'))}
    {pattern('blocked', 4, line('M2 0V4'))}
    {pattern('setup', 5, <circle cx="2.5" cy="2.5" r="1.1" fill="currentColor" />)}
    {pattern('waiting', 8, line('M-2 10L10 -2'))}
    {pattern('down', 5, line('M0 0L5 5M5 0L0 5'))}
    {pattern('pm', 6, line('M-1 -1L7 7', 2))}
    {pattern('off', 4, null)}
    {pattern('unknown', 4, <circle cx="1" cy="1" r=".7" fill="currentColor" />)}
  </defs></svg>;
}
