// A day of events, and the page does not grow (T5). The short form plays the events of some eight
// hours in 12 s; PAGE_SOAK_MINUTES=30 plays a day in half an hour.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {openBrowser, withPage} from './browser.mjs';

const minutes = Number(process.env.PAGE_SOAK_MINUTES ?? 0);
const hours = minutes > 0 ? 24 : 8;
const spanMs = minutes > 0 ? minutes * 60000 : 12000;
const samples = 12;
const most = minutes > 0 ? 1.05 : 1.25;  // in 12 s the engine still compiles what it runs often
const names = ['run', 'starved', 'blocked', 'setup', 'down'];
const views = ['#/line', '#/decisions', '#/line', '#/twin', '#/line', '#/history'];

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => browser?.close());

// Bytes of the heap and nodes of the document, after a forced collection.
async function measure(page, cdp) {
  await page.evaluate(() => { location.hash = '#/line'; });
  await page.waitForFunction(() => document.querySelector('.shape.bn'));
  await page.waitForFunction(() => {  // all is drawn: as many elements as half a second ago
    const now = document.getElementsByTagName('*').length, same = now === globalThis.elements;
    globalThis.elements = now;
    return same;
  }, null, {polling: 500, timeout: 30000});
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  const {usedSize} = await cdp.send('Runtime.getHeapUsage');
  return {bytes: usedSize, nodes: await page.evaluate(() => document.getElementsByTagName('*').length)};
}

// A change of state every two seconds of the line, a decision every 20: what the page keeps of them is
// full before half of the time is over.
function tell(mock, second) {
  const stations = mock.state.stations, at = (second / 2) % stations.length;
  if (second % 2 === 0) mock.change(at, 0, names[(second / 2) % names.length], second % 20);
  if (second % 20 === 0) mock.send('decision', {...mock.rows[0], id: `d-${10000 + second}`, version: 1, state: 'expired'});
}

test('a day of events: the heap grows less than 5 % in the second half, the nodes stay (T5)', {timeout: spanMs + 240000}, async () => {
  await withPage(browser, {}, async (page, mock) => {
    await page.waitForFunction(() => document.querySelector('.shape.bn'));
    const cdp = await page.context().newCDPSession(page);
    const seen = [], begun = Date.now();
    let second = 0;
    for (let s = 1; s <= samples; s++) {
      await page.evaluate((to) => { location.hash = to; }, views[s % views.length]);
      while (second < hours * 3600 * s / samples) {
        tell(mock, second++);
        const due = begun + spanMs * second / (hours * 3600);
        if (second % 60 === 0 && due > Date.now()) await new Promise((done) => setTimeout(done, due - Date.now()));
      }
      seen.push(await measure(page, cdp));
    }
    // What is in sight when it is measured differs; what is left behind raises the least of several heaps, and
    // the median of their elements.
    const sorted = (from, to, what) => seen.slice(from, to).map((m) => m[what]).sort((a, b) => a - b);
    const grown = (what, rank) => sorted(samples * 3 / 4, samples, what)[rank] / sorted(samples / 2, samples * 3 / 4, what)[rank];
    const bytes = grown('bytes', 0), nodes = grown('nodes', 1);
    console.log(`# ${hours} h of events in ${Math.round((Date.now() - begun) / 1000)} s: ${seen.map((m) => `${(m.bytes / 1e6).toFixed(2)} MB, ${m.nodes}`).join('; ')}`);
    assert.deepEqual(page.problems, []);
    assert.ok(bytes < most, `the heap grew to ${bytes} of what it was`);
    assert.ok(nodes < most, `the elements grew to ${nodes} of what they were`);
  });
});
