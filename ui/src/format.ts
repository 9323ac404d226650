// format.ts - numbers, units and times as people read them in both languages.
//
// Not Intl: it gives "PM 2:07:09" and "26만" in Korean. Digits are grouped by comma, the point is
// decimal, minus is U+2212, and there are never more digits than an interval justifies.
import {currentLang} from './i18n';

export const MINUS = '\u2212';
const NBSP = '\u00a0';
const ko = () => currentLang() === 'ko';

export function decimals(value: number, digits: number, signed = false): string {
  let text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  const [whole, part] = text.split('.');
  text = whole!.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? `.${part}` : '');
  return (zero ? '' : value < 0 ? MINUS : signed ? '+' : '') + text;
}

export const count = (value: number | null): string => value === null ? '–' : decimals(value, 0);

// Three significant digits.
export function num(value: number | null | undefined, signed = false): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return decimals(value, 0, signed);
  if (size === 0) return '0';
  return decimals(value, Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))), signed);
}

// So many digits that the half width shows two of its own, or one where that is 3 or more.
export function digitsFor(low: number, high: number): number {
  const half = Math.abs(high - low) / 2;
  if (!(half > 0)) return 1;
  const power = Math.floor(Math.log10(half) + 1e-9);
  return Math.min(6, Math.max(0, (half / 10 ** power >= 3 ? 0 : 1) - power));
}

const koUnits: Record<string, string> = {
  'lot h': '로트·시간', 'lots': '로트', 'lots/h': '로트/h', 'parts': '개', 'parts/h': '개/h', 'h': '시간',
  'min': '분', 's': '초', 'd': '일',
};

export function withUnit(text: string, unit: string): string {
  if (!unit) return text;
  return ko() ? text + (koUnits[unit] ?? NBSP + unit) : text + NBSP + unit;
}

export const unitName = (unit: string): string => ko() ? koUnits[unit] ?? unit : unit;

export function percent(share: number | null | undefined, digits = 0): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  return decimals(share * 100, digits) + (ko() ? '%' : `${NBSP}%`);
}

// "+2.1 parts/h (95 % CI +0.8 to +3.4)". Names its kind and level (T11); `n` is said beside it.
export function interval(gain: number, low: number, high: number, unit = '', level = 0.95,
                         signed = true): string {
  const digits = digitsFor(low, high);
  const middle = withUnit(decimals(gain, digits, signed), unit);
  const from = decimals(low, digits, signed), to = decimals(high, digits, signed);
  return ko() ? `${middle}(${percent(level)} 신뢰구간 ${from} ~ ${to})`
    : `${middle} (${percent(level)} CI ${from} to ${to})`;
}

export function range(low: number, high: number): string {
  const digits = digitsFor(low, high);
  return ko() ? `${decimals(low, digits)}~${decimals(high, digits)}`
    : `${decimals(low, digits)} to ${decimals(high, digits)}`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  const s = Math.abs(seconds), sign = seconds < 0 ? MINUS : '';
  const said = (value: number, unit: string) => sign + withUnit(num(value), unit);
  if (s < 10 && !Number.isInteger(s)) return said(Math.round(s * 10) / 10, 's');
  if (s < 120) return said(Math.round(s), 's');
  if (s < 7200) return said(Math.round(s / 60), 'min');
  if (s < 172800) return said(Math.round(s / 360) / 10, 'h');
  return said(Math.round(s / 8640) / 10, 'd');
}

const two = (n: number) => String(n).padStart(2, '0');
const at = (us: number) => new Date(us / 1000);

export function clock(us: number | null | undefined, seconds = true): string {
  if (us === null || us === undefined) return '–';
  const d = at(us);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(d.getUTCSeconds())}` : ''}`;
}

export function day(us: number): string {
  const d = at(us);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

export const stamp = (us: number): string => `${day(us)} ${clock(us)}`;

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export function shortStamp(us: number): string {
  const d = at(us);
  return ko() ? `${d.getUTCMonth() + 1}월 ${d.getUTCDate()}일 ${clock(us, false)}`
    : `${d.getUTCDate()} ${months[d.getUTCMonth()]} ${clock(us, false)}`;
}

export function ago(us: number, nowUs: number): string {
  const s = (nowUs - us) / 1e6;
  if (s > 86400) return shortStamp(us);
  const text = duration(Math.max(0, Math.round(s)));
  return ko() ? `${text} 전` : `${text} ago`;
}

// Plant times have the plant's zone; it is named where the browser lives in another.
// Asked once: it takes the browser some 20 ms to find out, so not while the first view is drawn.
let own = '';

export function zoneNote(zone: string): string {
  if (zone === 'UTC' && new Date().getTimezoneOffset() === 0) return '';
  own ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === own ? '' : zone;
}
