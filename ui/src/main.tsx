// main.tsx - where the page begins.
import {loadLang, wantedLang} from './i18n';
import {listenToKeys} from './keyboard';
import {Shell} from './shell';
import {store} from './store';
import {applyTheme} from './theme';
import {render} from 'preact';

const root = document.getElementById('page')!;

async function open(): Promise<void> {
  const draw = (failed: unknown) => render(<Shell failed={failed} retry={() => void open()} />, root);
  try {
    await store.open();
    draw(null);
  } catch (error) {
    draw(error);
  }
}

applyTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
listenToKeys();
await loadLang(wantedLang());
render(<Shell failed={null} retry={() => {}} />, root);
await open();
