// interval.tsx - dot and whisker around a common zero. The text beside it names kind, level and n
// (T11); an interval over zero is hollow and called "no clear effect".
import {interval} from '../format';
import {isKnown} from '../gain';
import {t} from '../i18n';
import type {Gain} from '../types';

export const unclear = (g: Gain): boolean => g.low <= 0 && g.high >= 0;

export interface Scale {
  low: number;
  high: number;
}

export function scaleOf(gains: (Gain | null | undefined)[]): Scale {
  let low = 0, high = 0;
  for (const g of gains) {
    if (!isKnown(g)) continue;
    low = Math.min(low, g.low, g.gain);
    high = Math.max(high, g.high, g.gain);
  }
  const room = (high - low || 1) * 0.06;
  return {low: low - room, high: high + room};
}

export function Whisker({gain, scale, realised, width = 160}:
    {gain: Gain | null; scale: Scale; realised?: Gain | null; width?: number}) {
  const h = realised ? 26 : 18;
  const x = (v: number) => Math.round((v - scale.low) / (scale.high - scale.low) * (width - 8) * 10) / 10 + 4;
  const row = (g: Gain, y: number, filled: boolean) => <g class={filled ? 'real' : unclear(g) ? 'unclear' : ''}>
    <path class="whisker" d={`M${x(g.low)} ${y}H${x(g.high)}M${x(g.low)} ${y - 4}V${y + 4}M${x(g.high)} ${y - 4}V${y + 4}`} />
    {filled ? <path class="dot" d={`M${x(g.gain)} ${y - 5}l5 5l-5 5l-5-5Z`} /> : <circle class="dot" cx={x(g.gain)} cy={y} r="4" />}
  </g>;
  return <svg class="interval" width={width} height={h} viewBox={`0 0 ${width} ${h}`} aria-hidden="true">
    <path class="zero" d={`M${x(0)} 0V${h}`} />
    {gain && row(gain, 9, false)}
    {realised && row(realised, 19, true)}
  </svg>;
}

// The words: "+2.1 lots/h (95 % CI +0.8 to +3.4), 412 futures".
export function GainText({gain, unit, level = 0.95, futures}:
    {gain: Gain; unit: string; level?: number; futures?: number | undefined}) {
  return <span class="gain-text">
    <strong class="num">{interval(gain.gain, gain.low, gain.high, unit, level)}</strong>
    {futures !== undefined && <span class="muted">, {t('n.futures', {n: futures})}</span>}
    {unclear(gain) && <span class="unclear-word"> · {t('gain.unclear')}</span>}
  </span>;
}
