// title.ts - the words of a row in the reader's language.
import {clock, duration} from '../format';
import {currentLang, t, word} from '../i18n';
import type {Row} from '../types';

export const titleOf = (row: Pick<Row, 'title' | 'title_ko'>): string => (currentLang() === 'ko' && row.title_ko) || row.title;
export const whyOf = (row: Row): string[] =>
  currentLang() === 'ko' && row.why_ko?.length ? row.why_ko : row.why ?? [];
export const stateOf = (row: Pick<Row, 'state'>): string => word('row', row.state);

export function leftOf(row: Row, lineNow: number): string {
  if (row.expires_us === null || (row.state !== 'open' && row.state !== 'held')) return clock(row.line_us);
  return t('left', {time: duration(Math.max(0, Math.round((row.expires_us - lineNow) / 1e6)))});
}
