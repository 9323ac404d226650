// What a person sees: grey when all is well, states by shape and pattern, gaps, intervals.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startMock} from '../mock/server.mjs';
import {openBrowser, openPage, withPage} from './browser.mjs';
import {chroma} from './palette.mjs';
import {pixels} from './pixels.mjs';

let browser, mock;
before(async () => {
  [browser, mock] = [await openBrowser(), await startMock()];
});
after(async () => {
  await browser?.close();
  await mock?.stop();
});

const sizes = {desk: {}, phone: {width: 390, height: 844}, wall: {wall: true, width: 1920, height: 1080}};
for (const theme of ['light', 'dark']) for (const [size, shape] of Object.entries(sizes)) {
  test(`a healthy plant shows no colour, links apart (T1, ${theme}, ${size})`, async () => {
    await withPage(browser, {theme, ...shape, mock: {healthy: true}}, async (page) => {
      await page.waitForFunction(() => document.querySelector('.shape.bn, .stations .bn-mark'));
      await page.waitForTimeout(400);
      // Links keep their accent everywhere; here they are hidden. Neutral tokens have a chroma of up to 6.
      await page.evaluate(() => document.querySelectorAll('a, .legend').forEach((e) => { e.style.visibility = 'hidden'; }));
      const coloured = (await pixels(browser, await page.screenshot())).filter(([hex]) => chroma(hex) > 8);
      assert.deepEqual(coloured, []);
    });
  });
}

test('a plant with a machine down does show colour (the check of T1 can fail)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForFunction(() => document.querySelector('.t-mark.st-down'));
  await page.evaluate(() => document.querySelectorAll('a, .legend').forEach((e) => { e.style.visibility = 'hidden'; }));
  assert.ok((await pixels(browser, await page.screenshot())).some(([hex]) => chroma(hex) > 30));
  await page.context().close();
});

test('any two states differ by shape in one bit, by word and by pattern (T2)', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForSelector('.timeline .legend');
  const seen = await page.evaluate(async () => {
    const draw = (fill, ink) => {  // 48 x 48, one bit
      const context = new OffscreenCanvas(48, 48).getContext('2d');
      context.fillStyle = '#fff';
      context.fillRect(0, 0, 48, 48);
      context.scale(3, 3);
      context.fillStyle = '#000';
      context.fill(new Path2D(fill), 'evenodd');
      context.fillStyle = '#fff';
      context.fill(new Path2D(ink));
      const data = context.getImageData(0, 0, 48, 48).data;
      return Array.from({length: 48 * 48}, (_, i) => data[i * 4] < 128 ? 1 : 0);
    };
    const names = ['run', 'starved', 'blocked', 'setup', 'waiting', 'down', 'pm', 'off', 'unknown'];
    const marks = new Map();
    for (const mark of document.querySelectorAll('.drawing .t-mark')) {
      const name = /st-(\w+)/.exec(mark.getAttribute('class'))[1];
      const d = (c) => mark.querySelector(c)?.getAttribute('d') ?? '';
      if (!marks.has(name)) marks.set(name, draw(d('.fill'), d('.ink')));
    }
    const patterns = names.map((n) => document.getElementById(`pat-${n}`).innerHTML.replace(/<rect[^>]*><\/rect>/, ''));
    const words = [...document.querySelectorAll('.legend li')].map((l) => l.textContent.trim());
    return {marks: [...marks], patterns, words};
  });
  assert.ok(seen.marks.length >= 7, seen.marks.map((m) => m[0]).join());
  for (const [a, bits] of seen.marks) for (const [b, other] of seen.marks) {
    if (a >= b) continue;
    const differ = bits.reduce((n, v, i) => n + (v !== other[i] ? 1 : 0), 0);
    assert.ok(differ > 200, `${a} and ${b} differ in ${differ} of 2304 bits`);
  }
  assert.equal(new Set(seen.words).size, 9);
  const filled = seen.patterns.slice(1, 7);  // run is plain, off and unknown are hollow
  assert.equal(new Set(filled).size, 6);
  await page.context().close();
});

test('every interval is named with its kind and n (T11)', async () => {
  const page = await openPage(browser, mock.url, {hash: '#/decisions/d-1207'});
  await page.waitForSelector('.ledger');
  assert.match(await page.textContent('.detail .claim'), /95\u00a0% CI \+0\.8 to \+3\.4\), 200 futures/);
  assert.match(await page.textContent('.inbox'), /95\u00a0% CI −0\.9 to \+1\.7\), 200 futures · no clear effect/);
  assert.equal(await page.locator('.detail svg.interval').count() > 2, true);
  assert.match(await page.textContent('.ledger'), /37 of 39 \(at least 37 should\)/);
  assert.match(await page.textContent('.ledger'), /not shown: gain is smaller than the error of the twin/);
  assert.match(await page.textContent('.ledger'), /setpoint bath, C h/);
  assert.match(await page.textContent('.ledger .experiment'), /after 9 of 20 periods .*\(-0\.3 to 1\.1, .*\): not shown/);
  await page.context().close();
});

test('wherever an interval stands, its kind stands beside it and its n on the same card (T11)', async () => {
  const context = await browser.newContext({viewport: {width: 1280, height: 800}, reducedMotion: 'reduce', timezoneId: 'UTC'});
  let found = 0;
  for (const hash of ['#/line', '#/decisions/d-1207', '#/decisions/d-1190', '#/twin', '#/models/wear']) {
    const page = await openPage(browser, mock.url, {hash, context});
    await page.waitForSelector({'#/t': '.plot canvas', '#/m': '.plot canvas', '#/d': '.ledger', '#/l': '.lines'}[hash.slice(0, 3)]);
    if (hash === '#/twin') {
      await page.click('.whatif .primary');
      await page.waitForSelector('.whatif-result');
    }
    const seen = await page.evaluate(() => [...document.querySelectorAll('main td, main li, main p, main dd, main figcaption, main .figure, main .claim, main .inbox-gain')]
      .filter((e) => !e.querySelector('td, li, p, dd'))
      .map((e) => ({text: e.textContent, card: (e.closest('.card, .kpis, .inbox-gain, .fans') ?? e).textContent}))
      .filter((e) => /[+\u2212]?\d[\d,.]* to [+\u2212]?\d[\d,.]*(?!:)/.test(e.text.replaceAll(/\d\d:\d\d to \d\d:\d\d/g, ''))));
    for (const {text, card} of seen) {
      // In a table the note below it names the kind of what stands in brackets.
      assert.match(text.includes('%') ? text : card, /\d\s?% (CI|of (\d+ )?futures|prediction interval)/, `${hash}: ${text}`);
      assert.match(card, /\d+ (futures|windows|sent|periods|truths|drawn)|Futures\s*\d+/, `${hash}: no n beside: ${text}`);
    }
    found += seen.length;
    await page.close();
  }
  assert.ok(found > 20, `${found} intervals`);
  await context.close();
});

test('what is filtered, searched or hidden changes no figure of the whole (T12)', async () => {
  const page = await openPage(browser, mock.url, {hash: '#/decisions'});
  await page.waitForSelector('.ledger tbody tr');
  const ledger = await page.textContent('.ledger'), shown = await page.locator('.inbox li').count();
  await page.click('.view .tabs button >> nth=-1');
  await page.waitForFunction((n) => document.querySelectorAll('.inbox li').length !== n, shown);
  assert.equal(await page.textContent('.ledger'), ledger);
  await page.fill('[data-search]', 'wash');
  await page.waitForFunction(() => document.querySelectorAll('.inbox li').length === 1);
  assert.equal(await page.textContent('.ledger'), ledger);
  await page.evaluate(() => { location.hash = '#/history'; });
  await page.waitForFunction(() => document.querySelectorAll('.plot canvas').length === 2);
  const first = await page.textContent('.plot figcaption');
  await page.click('.chips li:nth-child(2) button');
  await page.waitForFunction(() => document.querySelectorAll('.plot canvas').length === 1);
  assert.equal(await page.textContent('.plot figcaption'), first);
  await page.context().close();
});

test('figures of the whole plant are those of the server, whatever the stations shown add up to (T12)', async () => {
  await withPage(browser, {}, async (page, own) => {
    own.state.kpi = {...own.state.kpi, made: 98765, made_shift: 98765, wip: 4321};  // nothing on the page adds up to these
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll('.kpis .big').length > 4);
    const shown = await page.$$eval('.kpis .big', (all) => all.map((e) => e.textContent.replaceAll(/\D/g, '')));
    assert.ok(shown.includes('98765') && shown.includes('4321'), shown.join());
  });
});

test('what has no interval shows none', async () => {
  const page = await openPage(browser, mock.url, {hash: '#/decisions/d-1155'});
  await page.waitForSelector('.detail');
  assert.equal(await page.locator('.detail .claim').count(), 0);
  assert.match(await page.textContent('.tried tbody tr:last-child'), /gear-a-33–0/);
  assert.doesNotMatch(await page.textContent('.detail'), /NaN|null|undefined/);
  await page.context().close();
});

test('what went only in part is told, and who said no', async () => {
  await withPage(browser, {hash: '#/decisions/d-1177'}, async (page, own) => {
    const row = own.rows.find((r) => r.id === 'd-1177');
    const told = async (changes, what) => {
      Object.assign(row, {...changes, version: row.version + 1});
      own.send('decision', row);
      await page.waitForFunction((part) => document.querySelector('.detail').textContent.includes(part), what);
    };
    await told({}, 'stopped by a guard');
    await told({state: 'denied', partly: {went: 1, of: 2}}, '1 of 2 commands went and stay as they are');
    assert.match(await page.textContent('.detail .row-state'), /refused by the line/);
    await told({state: 'done', partly: undefined, apart: [{id: 'd-1178', state: 'denied', reason: 'busy', title: 'grind-2 waits', title_ko: 'grind-2 대기'}]},
      'did not go: grind-2 waits d-1178: refused by the line (busy)');
    await page.evaluate(() => [...document.querySelectorAll('button')].find((b) => b.textContent === '한국어').click());
    await page.waitForFunction(() => document.querySelector('.detail').textContent.includes('실행되지 않은 조치: grind-2 대기 d-1178: 라인이 거부함 (busy)'));
  });
});

test('a chart is asked for by its width, whatever the span, and a gap is drawn as a gap (T10)', async () => {
  const page = await openPage(browser, mock.url, {hash: '#/history'});
  await page.waitForSelector('.plot canvas');
  for (const span of ['8h', '30d']) {
    const before = mock.asked.length;
    await page.click(`.tabs button:text-is("${span}")`);
    for (let i = 0; i < 200 && !mock.asked.slice(before).some((a) => a.path === '/api/v1/history'); i++) await page.waitForTimeout(50);
    const points = Number(mock.asked.filter((a) => a.path === '/api/v1/history').at(-1).query.get('points'));
    assert.ok(points <= 1280, `${points} points for ${span}`);
    assert.ok(Number(await page.getAttribute('.plot', 'data-points')) <= 4 * 1280);
  }
  await page.waitForTimeout(500);
  const gap = await (await page.waitForFunction(() => {  // drawn at all; the middle of the gap (45 %) has no line: only ground, grid and hatching
    const canvas = document.querySelector('.plot canvas'), c = canvas.getContext('2d');
    const left = 70, right = canvas.width - 20, at = (share) => Math.round(left + (right - left) * share);
    const blue = (x) => {
      const d = c.getImageData(x, 0, 1, canvas.height).data;
      let n = 0;
      for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 100 && d[i + 2] - d[i] > 40) n++;
      return n;
    };
    const found = [blue(at(0.25)), blue(at(0.45)), blue(at(0.75))];
    return found[0] > 0 && found[2] > 0 ? found : false;
  })).jsonValue();
  assert.ok(gap[0] > 0 && gap[2] > 0 && gap[1] === 0, gap.join());
  await page.context().close();
});

test('the fan draws nothing of fewer than 20 futures, and says so', async () => {
  await withPage(browser, {}, async (page) => {
    await page.route('**/api/v1/forecast*', async (route) => {
      const answer = await route.fetch(), json = await answer.json();
      await route.fulfill({json: {...json, futures: 12}});
    });
    await page.evaluate(() => { location.hash = '#/twin'; });
    await page.waitForSelector('.twin-view .empty');
    assert.match(await page.textContent('.twin-view .empty'), /12 futures are too few/);
    assert.equal(await page.locator('.twin-view canvas').count(), 0);
  });
});

test('the first screen of a demo says which line runs better, by how much, and leads to why', async () => {
  const page = await openPage(browser, mock.url);
  await page.waitForSelector('.lines .headline');
  const text = await page.textContent('.lines');
  assert.match(text, /With Lineshaft the line runs better: lead time −8\u00a0min \(−17\.0\u00a0%\)/);
  assert.match(text, /\+17 better/);
  assert.match(text, /Made \+17 \(95\u00a0% CI \+11 to \+23\) in 6\u00a0h, by 36 windows\. Promised so far \(dispatch, 39 sent\): \+1\.9\u00a0lot h \(95\u00a0% CI \+1\.4 to \+2\.4\)/);
  assert.match(await page.textContent('.ribbon'), /emulated, at 60 times/);
  await page.click('.lines .headline a');
  await page.waitForSelector('.detail .why li');
  assert.match(await page.textContent('.detail h2'), /gear-a-18/);
  await page.context().close();
});

test('the language is that of the browser, and one press changes it', async () => {
  const page = await openPage(browser, mock.url, {locale: 'ko-KR'});
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
  assert.match(await page.textContent('nav'), /결정/);
  await page.keyboard.press('Shift+KeyL');
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  assert.match(await page.textContent('nav'), /Decisions/);
  assert.match(page.url(), /lang=en/);
  await page.context().close();
});

test('a wall has no controls and does not scroll', async () => {
  const page = await openPage(browser, mock.url, {wall: true, width: 1920, height: 1080});
  await page.waitForSelector('.shape.bn');
  assert.equal(await page.locator('nav, main button, main input').count(), 0);
  assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth));
  await page.waitForFunction(() => /live .*old/.test(document.querySelector('.now').textContent));
  await page.context().close();
});
