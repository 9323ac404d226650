// keyboard.ts - one-key shortcuts by the key's place (event.code), so that they work with Dvorak,
// AZERTY and Hangul input (T7). Off in fields, while composing, with a modifier, in a dialog, and
// when a person has switched them off.
import {choose, chosen, go, type View} from './route';

type Keys = Record<string, (e: KeyboardEvent) => void>;

const layers: Keys[] = [];
let waitingG = -Infinity;

// Handlers of a view, tried before those of the page. Returns what takes them away.
export function onKeys(keys: Keys): () => void {
  layers.unshift(keys);
  return () => void layers.splice(layers.indexOf(keys), 1);
}

export const keysOff = (): boolean => chosen('keys') === '0';
export const switchKeys = (): void => choose('keys', keysOff() ? null : '0');

const goes: Record<string, View> =
  {KeyL: 'line', KeyD: 'decisions', KeyH: 'history', KeyT: 'twin', KeyM: 'models', KeyY: 'plant', KeyP: 'pool'};

function inField(target: EventTarget | null): boolean {
  const node = target as HTMLElement | null;
  return !!node?.closest?.('input, textarea, select, [contenteditable]');
}

function pressed(e: KeyboardEvent): void {
  if (e.isComposing || e.ctrlKey || e.altKey || e.metaKey || inField(e.target)) return;
  if (keysOff() && e.code !== 'Escape') return;
  if (document.querySelector('dialog[open]')) return;  // it has its own
  let twice = false;
  if (performance.now() - waitingG < 1500) {
    waitingG = -Infinity;
    const view = goes[e.code];
    if (view) {
      e.preventDefault();
      return go(view);
    }
    twice = e.code === 'KeyG' && !e.shiftKey;
  }
  const name = twice ? 'KeyG KeyG' : e.shiftKey ? `Shift+${e.code}` : e.code;
  if (name === 'KeyG') return void (waitingG = performance.now());
  for (const keys of layers) {
    const act = keys[name];
    if (!act) continue;
    e.preventDefault();
    return act(e);
  }
}

export const listenToKeys = (): void => addEventListener('keydown', pressed);
