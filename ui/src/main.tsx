// main.tsx - where the page begins.
import {loadLang, wantedLang} from './i18n';
import {listenToKeys} from './keyboard';
import {Shell} from './shell';
import {store} from './store';
import {applyTheme} from './theme';
import {render} from 'preact';

const root = document.getElementById('page')!;

async function open(opening: Promise<void>): Promise<void> {
  const draw = (failed: unknown) =>
    render(<Shell failed={failed} retry={() => void open(store.open())} />, root);
  try {
    await opening;
    draw(null);
  } catch (error) {
    draw(error);
  }
}

const opening = store.open();  // asks while the words are on their way
opening.catch(() => {});
applyTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
listenToKeys();
await loadLang(wantedLang());
render(<Shell failed={null} retry={() => {}} />, root);
await open(opening);
