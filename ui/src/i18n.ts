// i18n.ts - the words of the page in Korean or English.
//
// Both files have the same keys (the compiler and T21 see to it). The language is that of the
// address (?lang=ko), else the browser's. Nothing is stored.
import type en from './words/en';

export type Key = keyof typeof en;
export type Words = Record<Key, string>;
export type Lang = 'en' | 'ko';

let words: Words | null = null;
let lang: Lang = 'en';

export function wantedLang(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'ko' || asked === 'en') return asked;
  return (navigator.languages ?? [navigator.language]).map((l) => l.slice(0, 2).toLowerCase())
    .find((l) => l === 'ko' || l === 'en') === 'ko' ? 'ko' : 'en';
}

export async function loadLang(next: Lang): Promise<void> {
  words = (next === 'ko' ? await import('./words/ko') : await import('./words/en')).default;
  lang = next;
  document.documentElement.lang = next;
}

export const currentLang = (): Lang => lang;

export function t(key: Key, values?: Record<string, string | number>): string {
  const text = words?.[key] ?? key;
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// For words that come from the server: "state.down" if we have it, else the word as it came.
export function word(prefix: string, name: string): string {
  return (words as Record<string, string> | null)?.[`${prefix}.${name}`] ?? name;
}
