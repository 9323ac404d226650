// How fast, and how many at once (T8, T20, T23). The limits are for a slow machine in CI; the figures
// printed are the measurement.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startMock} from '../mock/server.mjs';
import {openBrowser, openPage} from './browser.mjs';

let browser, mock;
before(async () => {
  [browser, mock] = [await openBrowser(), await startMock({stations: 200})];
});
after(async () => {
  await browser?.close();
  await mock?.stop();
});

test('200 stations are painted soon after loading (T8)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelectorAll('.tile[aria-label*="queue"]').length === 200);
  const ms = await page.evaluate(() => performance.now());
  console.log(`# 200 stations painted ${Math.round(ms)} ms after the page was asked for`);
  assert.ok(ms < 5000, `${ms} ms`);  // the aim is 1 s; CI's two cores do other things as well
  await page.context().close();
});

test('what stands in the page already is not asked for, and the first frame is the whole one', async () => {
  const own = await startMock({stations: 20, brings: true});
  own.plant.name = '</script><b>odd';
  try {
    const page = await openPage(browser, own.url);
    await page.waitForFunction(() => document.querySelectorAll('.tile[aria-label*="queue"]').length === 20);
    assert.equal(await page.textContent('.plant-name'), '</script><b>odd');
    await page.waitForSelector('.now.live');
    const asked = own.asked.map((a) => a.path);
    for (const path of ['me', 'plant', 'state', 'decisions']) assert.ok(!asked.includes(`/api/v1/${path}`), `${path} was asked for`);
    assert.ok(asked.includes('/api/v1/stream'), asked.join(' '));
    assert.deepEqual(page.problems, []);
    await page.context().close();
  } finally {
    await own.stop();
  }
});

test('stations below the window have their words at once and their shape soon, which follows the line', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelectorAll('.place .shape').length === 200);
  assert.equal(await page.evaluate(() => document.querySelectorAll('.place > svg + .tile').length), 200);
  mock.change(199, 0, 'down', 7);
  await page.waitForFunction(() => {
    const last = [...document.querySelectorAll('.place')].at(-1);
    return last.querySelector('.t-mark.st-down') && last.querySelector('.t-queue').textContent.startsWith('7') && /down/.test(last.querySelector('.tile').getAttribute('aria-label'));
  });
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForFunction(() => [...document.querySelectorAll('.place .t-name')].at(-1).checkVisibility({contentVisibilityAuto: true}));
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a frame with changes of 200 stations costs little, and renders no component (T23)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelectorAll('.place .shape').length === 200);
  const nodes = await page.evaluate(() => document.getElementsByTagName('*').length);
  await page.evaluate(() => {
    const real = requestAnimationFrame;
    globalThis.frameMs = [];
    globalThis.requestAnimationFrame = (act) => real((t) => {
      const begin = performance.now();
      act(t);
      globalThis.frameMs.push(performance.now() - begin);
    });
  });
  const names = ['run', 'starved', 'blocked', 'setup', 'down'];
  for (let round = 0; round < 25; round++) {  // five seconds at 5 Hz, 40 stations at a time
    mock.state.seq++;
    const stations = Array.from({length: 40}, (_, i) => (round * 40 + i) % 200);
    mock.send('state', {seq: mock.state.seq, t: mock.now(), s: stations.map((s) => [s, (s + round) % 20, 2]),
      m: stations.flatMap((s) => [0, 1].map((m) => [s, m, names[(s + round + m) % 5], mock.now(), '', null, null]))});
    await new Promise((done) => setTimeout(done, 200));
  }
  const ms = (await page.evaluate(() => globalThis.frameMs)).sort((a, b) => a - b);
  const median = ms[Math.floor(ms.length / 2)];
  console.log(`# ${ms.length} frames, median ${median.toFixed(2)} ms, most ${ms.at(-1).toFixed(2)} ms`);
  assert.ok(ms.length >= 15, `${ms.length} frames`);
  assert.ok(median < 15, `median ${median} ms`);  // the aim is 5
  const now = await page.evaluate(() => document.getElementsByTagName('*').length);
  assert.ok(Math.abs(now - nodes) < 60, `${nodes} elements became ${now}`);
  await page.context().close();
});

test('eight tabs of one browser all load and are live over one stream (T20)', async (t) => {
  const own = await startMock(), context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await own.stop();
  });
  const pages = [];
  for (let i = 0; i < 8; i++) pages.push(await openPage(browser, own.url, {context}));
  for (const page of pages) await page.waitForFunction(() => document.querySelector('.shape.bn'), null, {timeout: 20000});
  assert.equal(own.streams.size, 1);
  own.change(0, 0, 'down', 7);
  for (const page of pages) await page.waitForFunction(() => document.querySelector('.tile').getAttribute('aria-label') === 'load, down, queue 7');
  await pages[0].close();  // the leader goes, another takes over
  for (let i = 0; i < 200 && own.streams.size !== 1; i++) await new Promise((done) => setTimeout(done, 50));
  own.change(0, 0, 'run', 3);
  for (const page of pages.slice(1)) await page.waitForFunction(() => document.querySelector('.tile').getAttribute('aria-label') === 'load, run, queue 3');
});
