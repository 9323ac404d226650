// axe-core, narrow screens, keyboard alone and screen readers (T6, T7).
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startMock} from '../mock/server.mjs';
import {axe} from './axe.mjs';
import {openBrowser, openPage, smallTargets, withPage} from './browser.mjs';

let browser, mock;
before(async () => {
  [browser, mock] = [await openBrowser(), await startMock()];
});
after(async () => {
  await browser?.close();
  await mock?.stop();
});

const views = ['#/line', '#/line/grind', '#/decisions/d-1207', '#/history', '#/twin', '#/models/wear', '#/plant'];

async function show(page, hash) {
  await page.evaluate((h) => { location.hash = h; }, hash);
  await page.waitForSelector(`main .${hash.slice(2).split('/')[0]}-view`);
  await page.waitForFunction(() => !document.querySelector('main .loading'));
  if (hash === '#/history' || hash.startsWith('#/models')) await page.waitForSelector('.plot canvas');
}

for (const lang of ['en', 'ko']) for (const theme of ['light', 'dark']) {
  test(`axe-core finds nothing: every view, ${lang}, ${theme}`, async () => {
    const page = await openPage(browser, mock.url, {lang, theme});
    for (const hash of views) {
      await show(page, hash);
      assert.deepEqual(await axe(page), [], hash);
    }
    await show(page, '#/decisions/d-1207');
    await page.click('.detail .primary');
    assert.deepEqual(await axe(page), [], 'dialog');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+Slash');
    assert.deepEqual(await axe(page), [], 'keys');
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

for (const width of [390, 320]) {
  test(`no view scrolls sideways at ${width} px, in both languages`, async () => {
    for (const lang of ['en', 'ko']) {
      const page = await openPage(browser, mock.url, {lang, width, height: 844});
      for (const hash of views) {
        await show(page, hash);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${lang} ${hash}: ${over} px too wide`);
        assert.deepEqual(await smallTargets(page), [], `${lang} ${hash}: targets under 44 px`);
      }
      if (width === 390 && lang === 'en') assert.deepEqual(await axe(page), []);
      await page.context().close();
    }
  });
}

test('on a phone Line is a list with the worst first', async () => {
  const page = await openPage(browser, mock.url, {width: 390, height: 844});
  await page.waitForFunction(() => /grind|turn/.test(document.querySelector('.stations button')?.textContent));
  const labels = await page.$$eval('.stations button', (all) => all.map((b) => b.textContent));
  assert.equal(labels.length, 8);
  await page.context().close();
});

test('Line is buttons named by station, bottleneck, state and queue (T6)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelector('.shape.bn'));
  const labels = await page.$$eval('button.tile', (all) => all.map((b) => b.getAttribute('aria-label')));
  assert.ok(labels.includes('mill, out wait 1 · run 1, queue 12 of 12'), labels.join('\n'));
  assert.ok(labels.includes('grind, bottleneck, setup 1 · run 2, queue 31 of 40'), labels.join('\n'));
  assert.equal(await page.locator('h1').count(), 1);
  await page.context().close();
});

test('each chart has a sentence, a cursor by arrow keys and a table of at most 200 rows (T6)', async () => {
  const page = await openPage(browser, mock.url, {hash: '#/history'});
  await page.waitForSelector('.plot canvas');
  assert.match(await page.getAttribute('.plot-box', 'aria-label'), /grind-1\/speed\. Last .* range .* Gaps without data: 1, the first .* not joined\./);
  await page.focus('.plot-box');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.textContent('.plot .cursor'), /mean 1\.2/);
  await page.keyboard.press('KeyT');
  const rows = await page.locator('.plot tbody tr').count();
  assert.ok(rows > 10 && rows <= 200, `${rows} rows`);
  await page.context().close();
});

test('so has every other chart: the forecast, what if, models, the pool (T6)', async () => {
  for (const [hash, first] of [['#/twin', async (page) => {
    await page.click('.whatif .primary');
    await page.waitForFunction(() => document.querySelectorAll('.plot canvas').length === 3);
  }], ['#/models/wear'], ['#/pool']]) {
    await withPage(browser, {hash, mock: {pool: {racks: 4, nodes: 2, gpus: 4, ownersMost: 2, each: 3, fill: 4}}}, async (page) => {
      await page.waitForSelector('.plot canvas');
      await first?.(page);
      for (const plot of await page.locator('.plot').all()) {
        const name = `${hash} ${await plot.locator('strong').first().textContent()}`;
        assert.match(await plot.locator('.plot-box').getAttribute('aria-label'), /\. .*\d.*\./, name);
        await plot.locator('.plot-box').focus();
        for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
        assert.match(await plot.locator('.cursor').textContent(), /\d\d:\d\d.*\d/, name);
        await plot.locator('[data-table]').click();
        const rows = await plot.locator('tbody tr').count();
        assert.ok(rows > 10 && rows <= 200, `${name}: ${rows} rows`);
      }
      assert.deepEqual(page.problems, []);
    });
  }
});

test('what happens is said at most once in ten seconds, merged (T6)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelector('.shape.bn'));
  await page.evaluate(() => {
    globalThis.saidTexts = [];
    new MutationObserver(() => globalThis.saidTexts.push(document.getElementById('said').textContent)).observe(document.getElementById('said'), {childList: true, characterData: true, subtree: true});
  });
  for (const [s, m] of [[0, 0], [2, 1], [4, 0]]) mock.change(s, m, 'down');
  await page.waitForFunction(() => globalThis.saidTexts.length > 0);
  await page.waitForTimeout(500);
  const said = await page.evaluate(() => globalThis.saidTexts);
  assert.equal(said.length, 1, said.join(' | '));
  assert.match(said[0], /3 things changed\.|load is down\./);
  for (const [s, m] of [[0, 0], [2, 1], [4, 0]]) mock.change(s, m, 'run');
  await page.context().close();
});

test('shortcuts go by the place of the key: Dvorak, AZERTY, Hangul (T7)', async () => {
  const page = await openPage(browser, mock.url);
  // As a browser reports the key at the place of KeyD under other layouts.
  const press = (code, key, more = {}) => page.evaluate(([c, k, m]) => dispatchEvent(new KeyboardEvent('keydown', {code: c, key: k, bubbles: true, ...m})), [code, key, more]);
  for (const [g, d] of [['g', 'd'], ['i', 'e'], ['g', 'd'], ['ㅎ', 'ㅇ'], ['Process', 'Process']]) {
    await page.evaluate(() => { location.hash = '#/line'; });
    await page.waitForSelector('.line-view');
    await press('KeyG', g);
    await press('KeyD', d);
    await page.waitForSelector('.decisions-view');
  }
  await press('KeyG', 'g', {isComposing: true});
  await press('KeyL', 'l', {isComposing: true});
  assert.equal(await page.locator('.decisions-view').count(), 1, 'composing Hangul is not a shortcut');
  await page.focus('[data-search]');
  await page.keyboard.press('KeyG');
  await page.keyboard.press('KeyL');
  assert.equal(await page.locator('.decisions-view').count(), 1, 'a field is not a shortcut');
  await page.context().close();
});

test('shortcuts can be switched off (T7)', async () => {
  const page = await openPage(browser, mock.url);
  await page.keyboard.press('Shift+Slash');
  await page.click('dialog input[type=checkbox]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('KeyG');
  await page.keyboard.press('KeyD');
  await page.waitForTimeout(200);
  assert.equal(await page.locator('.decisions-view').count(), 0);
  await page.context().close();
});

test('a proposal is found, read and approved by keyboard alone', async () => {
  await withPage(browser, {}, async (page, own) => {
    await page.keyboard.press('KeyG');
    await page.keyboard.press('KeyD');
    await page.waitForSelector('.detail');
    await page.keyboard.press('KeyJ');
    await page.keyboard.press('KeyK');
    await page.keyboard.press('KeyA');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(own.reviews.map((r) => [r.id, r.act]), [['d-1207', 'approve']]);
  });
});

test('keys faster than the page is drawn act on the row that they lead to', async () => {
  await withPage(browser, {hash: '#/decisions'}, async (page, own) => {
    await page.waitForSelector('.detail');
    await page.evaluate(() => {  // all within one turn: nothing is drawn between them
      for (const code of ['KeyJ', 'KeyA']) dispatchEvent(new KeyboardEvent('keydown', {code, bubbles: true}));
    });
    await page.waitForSelector('dialog[open]');
    assert.match(await page.textContent('.inbox [aria-current]'), /wash waits for two more parts/);
    await page.click('dialog .primary');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(own.reviews.map((r) => [r.id, r.act]), [['d-1206', 'approve']]);
  });
});

test('a station is opened by keyboard, and the skip link leads to the content', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForSelector('.tile');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.id === 'main');
  await page.focus('.tile');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.drawer');
  assert.equal(await page.textContent('.drawer h2'), 'turn');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.drawer', {state: 'detached'});
  await page.context().close();
});
