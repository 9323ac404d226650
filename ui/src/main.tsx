// main.tsx - where the page begins.
import {afterPaint} from './frame';
import {loadLang, wantedLang} from './i18n';
import {listenToKeys} from './keyboard';
import {Shell} from './shell';
import {store} from './store';
import {applyTheme} from './theme';
import {options, render} from 'preact';

const root = document.getElementById('page')!;
const soonMs = 100;

// Effects ask the server and prepare for later: not before the first view stands.
options.requestAnimationFrame = afterPaint;

async function open(opening: Promise<void>): Promise<void> {
  const draw = (failed: unknown) =>
    render(<Shell failed={failed} retry={() => void open(store.open())} />, root);
  try {
    await opening;
    store.drawn();
    draw(null);
    afterPaint(() => {
      delete options.requestAnimationFrame;
      store.follow();
    });
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
// Where all is here in a moment, the first frame is the whole one and nothing is drawn twice.
const wait = new Promise((done) => setTimeout(done, soonMs, 'late'));
if (await Promise.race([opening.catch(() => {}), wait]) === 'late') render(<Shell failed={null} retry={() => {}} />, root);
await open(opening);
