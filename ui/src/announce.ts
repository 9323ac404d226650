// announce.ts - what a screen reader is told without asking: at most once in ten seconds, merged,
// and never numbers that only drift (T6).
import {t} from './i18n';

const quietMs = 10000;
let waiting: string[] = [];
let lastMs = -quietMs;
let timer = 0;

function speak(): void {
  timer = 0;
  const region = document.getElementById('said');
  if (!region || waiting.length === 0) return;
  region.textContent = waiting.length <= 2 ? waiting.join(' ') : t('said.many', {n: waiting.length});
  waiting = [];
  lastMs = performance.now();
}

export function announce(text: string): void {
  waiting.push(text);
  if (!timer) timer = window.setTimeout(speak, Math.max(50, lastMs + quietMs - performance.now()));
}
