// The live stream: losing it, coming back, and never acting twice or late (T3, T9, T22, T24).
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startMock} from '../mock/server.mjs';
import {openBrowser, openPage, withPage} from './browser.mjs';
import {load} from './load.mjs';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => browser?.close());

test('events are read whole, however they are cut', async () => {
  const {EventReader} = await load('stream.ts');
  const text = ': hello\n\nevent: state\nid: 7\ndata: {"t":1}\n\nevent: beat\r\ndata: {"t":\r\ndata: 2}\r\n\r\nevent: bad\ndata: {\n\n';
  for (let cut = 1; cut < text.length; cut++) {
    const reader = new EventReader();
    const got = [...reader.read(text.slice(0, cut)), ...reader.read(text.slice(cut))];
    assert.deepEqual(got.map((m) => [m.event, m.id, m.data.t]), [['state', '7', 1], ['beat', '', 2]], `cut at ${cut}`);
  }
});

test('a change of the stream reaches the drawing without a new page', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await page.waitForFunction(() => document.querySelector('.shape.bn'));
    mock.change(0, 0, 'down', 7);
    await page.waitForFunction(() => document.querySelector('.tile').getAttribute('aria-label') === 'load, down, queue 7');
  });
});

test('a silent stream: within ten seconds a banner, an age on every value, the old values stay, grey; nothing can be sent (T3, T9)', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await page.waitForFunction(() => document.querySelector('.shape.bn'));
    const made = await page.textContent('.figure .big');
    mock.cut();
    const cut = Date.now();
    await page.waitForSelector('.banner[role=alert]', {timeout: 30000});
    assert.ok(Date.now() - cut < 20000,  // ten seconds, and what a busy machine adds
       `the banner came after ${Date.now() - cut} ms`);
    assert.match(await page.textContent('.banner'), /Connection lost\. Showing values from \d\d:\d\d:\d\d\./);
    assert.equal(await page.textContent('.figure .big'), made);
    assert.equal(await page.locator('.figure .age').count(), await page.locator('.figure').count());
    await page.waitForFunction(() => [...document.querySelectorAll('.shape .t-word')].every((w) => / · \d+\s?s$/.test(w.textContent)));
    assert.equal(await page.locator('.page.stale').count(), 1);
    const before = mock.asked.length;
    await page.evaluate(() => { location.hash = '#/decisions/d-1207'; });
    await page.waitForSelector('.detail');
    for (const button of await page.locator('.detail .buttons button').all()) assert.ok(await button.isDisabled());
    await page.keyboard.press('KeyA');
    assert.equal(await page.locator('dialog').count(), 0);
    await page.waitForTimeout(1500);  // a new attempt hangs unanswered meanwhile: it is given up, too
    mock.silent = false;
    await page.waitForSelector('.banner', {state: 'detached', timeout: 30000});
    await page.waitForFunction(() => !document.querySelector('.detail .buttons button').disabled);
    assert.equal(mock.asked.slice(before).filter((a) => a.method !== 'GET').length, 0, 'nothing was queued');
  });
});

test('silence is said on every view, what it showed stays, and nothing of it can be sent (T3, T9)', async () => {
  const own = await startMock(), context = await browser.newContext({viewport: {width: 1280, height: 800}, reducedMotion: 'reduce', timezoneId: 'UTC'});
  try {
    const pages = [];
    for (const [hash, drawn, sends] of [['#/history', '.plot canvas'], ['#/twin', '.plot canvas', '.whatif .primary'],
      ['#/models/wear', '.plot canvas', '.model .buttons button'], ['#/plant', 'textarea', '.editor .primary'], ['#/decisions', '.detail', '.detail .buttons button']]) {
      const page = await openPage(browser, own.url, {hash, context});
      await page.waitForSelector(drawn);
      if (hash === '#/plant') await page.fill('textarea', (await page.inputValue('textarea')).replace('queue: 40', 'queue: 50'));
      if (sends) await page.waitForFunction((where) => [...document.querySelectorAll(where)].some((b) => !b.disabled), sends);
      pages.push({page, hash, drawn, sends});
    }
    own.cut();
    const asked = own.asked.filter((a) => a.method !== 'GET').length;
    await Promise.all(pages.map(async ({page, hash, drawn, sends}) => {
      await page.waitForSelector('.banner[role=alert]', {timeout: 30000});
      assert.equal(await page.locator('.page.stale').count(), 1, hash);
      assert.ok(await page.locator(drawn).first().isVisible(), `${hash}: what was shown is gone`);
      if (sends) assert.equal(await page.locator(`${sends}:enabled`).count(), 0, `${hash}: something can be sent`);
    }));
    assert.equal(own.asked.filter((a) => a.method !== 'GET').length, asked);
  } finally {
    await context.close();
    await own.stop();
  }
});

test('a beat with another check than ours makes the page ask anew (T22)', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await page.waitForFunction(() => document.querySelector('.shape.bn'));
    const opened = () => mock.asked.filter((a) => a.path === '/api/v1/stream').length;
    const before = opened();
    mock.state.stations[1].queue = 9;  // a change that the stream has lost
    mock.send('beat', {t: mock.now(), check: 1});
    await page.waitForFunction(() => document.querySelectorAll('.tile')[1].getAttribute('aria-label').endsWith('queue 9'));
    assert.ok(opened() > before);
  });
});

test('the check is the one that the server is to send (T22)', async () => {
  // FNV-1a, 32 bit, over "queue;working;" of a station and "code;" of each of its machines.
  const fnv = (text) => [...text].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
  await withPage(browser, {mock: {healthy: true}}, async (page, mock) => {
    await page.waitForFunction(() => document.querySelector('.shape.bn'));
    const text = mock.state.stations.map((s) => `${s.queue};${s.working};${s.machines.map(() => '0;').join('')}`).join('');
    const before = mock.asked.filter((a) => a.path === '/api/v1/stream').length;
    mock.send('beat', {t: mock.now(), check: fnv(text)});
    await page.waitForTimeout(800);
    assert.equal(mock.asked.filter((a) => a.path === '/api/v1/stream').length, before);
  });
});

test('a dialog has the focus on Cancel, Enter does nothing else, and a double click sends once (T24)', async () => {
  await withPage(browser, {hash: '#/decisions/d-1207'}, async (page, mock) => {
    mock.delayMs = 3000;  // the next lines are over by then, on a busy machine too
    await page.click('.detail .primary');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.equal(mock.reviews.length, 0);
    await page.click('.detail .primary');
    await page.dblclick('dialog [data-review]');
    assert.match(await page.textContent('.detail .row-state'), /open/, 'said before the answer came');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.reviews, [{id: 'd-1207', act: 'approve', version: 2}]);
    await page.waitForFunction(() => document.querySelector('.detail .row-state').textContent === 'approved');
  });
});

test('a proposal that expired or changed is not approved, and the page says why (T24)', async () => {
  await withPage(browser, {hash: '#/decisions/d-1207', lang: 'ko'}, async (page, mock) => {
    mock.expire = true;
    await page.click('.detail .primary');
    await page.click('dialog [data-review]');
    await page.waitForSelector('dialog .problem');
    assert.match(await page.textContent('dialog .problem'), /제안 기한이 14:05에 지났습니다/);
    await page.keyboard.press('Escape');
    mock.expire = false;
    await page.click('.detail .primary');
    mock.rows[0].version = 3;
    mock.send('decision', mock.rows[0]);
    await page.waitForFunction(() => document.querySelector('dialog [data-review]').disabled);
    assert.match(await page.textContent('dialog .problem'), /제안이 바뀌었습니다/);
  });
});

test('a viewer sees controls disabled, with the reason', async () => {
  await withPage(browser, {hash: '#/decisions/d-1207', mock: {role: 'viewer'}}, async (page, mock) => {
    await page.waitForFunction(() => /needs the role operator/.test(document.querySelector('.detail .buttons')?.textContent));
    for (const button of await page.locator('.detail .buttons button').all()) assert.ok(await button.isDisabled());
    await page.keyboard.press('KeyA');
    assert.equal(mock.reviews.length, 0);
    await page.evaluate(() => { location.hash = '#/plant'; });
    await page.waitForFunction(() => /saving needs the role engineer/.test(document.querySelector('.editor')?.textContent));
    assert.equal(await page.locator('textarea[readonly]').count(), 1);
  });
});

test('a missing token is said, with what to do', async () => {
  await withPage(browser, {}, async (page, mock) => {
    mock.refuse = true;
    await page.reload();
    await page.waitForSelector('.failed');
    assert.match(await page.textContent('.failed'), /needs a token\. \(r-17\)/);
  });
});

test('the plant file is checked in place and saved only when it checks, never over another\'s change', async () => {
  await withPage(browser, {hash: '#/plant'}, async (page, mock) => {
    await page.waitForSelector('textarea');
    const text = await page.inputValue('textarea');
    await page.fill('textarea', text.replace('turn, grind', 'weldr, grind'));
    await page.waitForSelector('.file-errors');
    assert.match(await page.textContent('.file-errors'), /14:26 unknown station 'weldr' did you mean 'welder'\?/);
    assert.equal(await page.textContent('.gutter .bad'), '✕ 14');
    assert.ok(await page.isDisabled('.editor .primary'));
    await page.fill('textarea', text.replace('queue: 40', 'queue: 50'));
    await page.waitForFunction(() => !document.querySelector('.editor .primary').disabled);
    mock.file = {...mock.file, hash: 'other'};
    await page.click('.editor .primary');
    await page.waitForSelector('.editor .problem[role=alert]');
    assert.match(await page.textContent('.editor .problem[role=alert]'), /Someone else saved first/);
    assert.equal(mock.saved.length, 0);
    mock.file = {...mock.file, hash: 'h1'};
    await page.click('.editor .primary');
    for (let i = 0; i < 200 && mock.saved.length === 0; i++) await page.waitForTimeout(50);
    assert.match(mock.saved[0], /queue: 50/);
    await page.waitForFunction(() => document.querySelector('.editor .primary').disabled);
  });
});

test('a stop reason and scrap are entered at a station', async () => {
  await withPage(browser, {hash: '#/line/grind'}, async (page, mock) => {
    await page.waitForSelector('.drawer');
    await page.click('.drawer button:text-is("Stop reason…")');
    await page.selectOption('dialog select >> nth=1', 'wheel');
    await page.click('dialog .primary');
    await page.waitForSelector('dialog', {state: 'detached'});
    await page.click('.drawer button:text-is("Scrap…")');
    await page.fill('dialog input[type=number]', '-2');
    assert.ok(await page.isDisabled('dialog .primary'));
    await page.fill('dialog input[type=number]', '3');
    await page.click('dialog .primary');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.notes, [{machine: 'grind-1', text: '', reason: 'wheel'}, {machine: 'grind-1', text: '', scrap: 3}]);
  });
});

test('what if: a number is changed, the difference comes with its interval, a bad one with its reason', async () => {
  await withPage(browser, {hash: '#/twin'}, async (page) => {
    await page.waitForSelector('.whatif');
    await page.click('.whatif .primary');
    await page.waitForSelector('.whatif-result');
    assert.match(await page.textContent('.whatif-result'), /\+45 \(95\u00a0% CI \+38 to \+52\)/);
    assert.match(await page.textContent('.whatif-result'), /no clear effect/);
    await page.fill('.whatif .change input >> nth=0', 'nowhere');
    await page.click('.whatif .primary');
    await page.waitForSelector('.whatif .problem');
    assert.match(await page.textContent('.whatif .problem'), /unknown path 'nowhere'/);
  });
});
