// i18n.ts - the words of the page in Korean or English.
//
// Both files have the same keys (the compiler and T21 see to it). The language is that of the
// address (?lang=ko), else the browser's. Nothing is stored.
import type en from './words/en';
import type models from './words/models_en';
import type pool from './words/pool_en';

export type Key = keyof typeof en | keyof typeof models | keyof typeof pool;
export type Words = Record<keyof typeof en, string>;
export type ModelsWords = Record<keyof typeof models, string>;
export type PoolWords = Record<keyof typeof pool, string>;
export type Lang = 'en' | 'ko';

type More = (lang: Lang) => Promise<Record<string, string>>;

let words: Record<string, string> | null = null;
const parts: More[] = [];
let lang: Lang = 'en';

export function wantedLang(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'ko' || asked === 'en') return asked;
  return (navigator.languages ?? [navigator.language]).map((l) => l.slice(0, 2).toLowerCase())
    .find((l) => l === 'ko' || l === 'en') === 'ko' ? 'ko' : 'en';
}

export async function loadLang(next: Lang): Promise<void> {
  const [first, ...more] = await Promise.all([next === 'ko' ? import('./words/ko') : import('./words/en'), ...parts.map((p) => p(next))]);
  words = Object.assign({}, first.default, ...more);
  lang = next;
  document.documentElement.lang = next;
}

// Words of a part that is fetched later; from now on they come with every language.
export async function addWords(more: More): Promise<void> {
  const asked = lang, got = await more(asked);
  if (asked !== lang) return addWords(more);
  parts.push(more);
  words = {...words, ...got};
}

export const currentLang = (): Lang => lang;

export function t(key: Key, values?: Record<string, string | number>): string {
  const text = words?.[key] ?? key;
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// For words that come from the server: "state.down" if we have it, else the word as it came.
export function word(prefix: string, name: string): string {
  return words?.[`${prefix}.${name}`] ?? name;
}
