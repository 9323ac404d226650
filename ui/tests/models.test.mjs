// The Models view: figures are the server's, gates stand against their limits, predictions are drawn
// where they aim at, and nothing is sent that may not be.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {axe} from './axe.mjs';
import {openBrowser, smallTargets, withPage} from './browser.mjs';
import {load} from './load.mjs';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => browser?.close());

const plain = (text) => text.replaceAll('\u00a0', ' ');
const text = async (page, selector) => plain(await page.textContent(selector));

// Opened at the Models view, with its chart drawn.
const withModels = (options, act) => withPage(browser, {hash: '#/models', ...options}, async (page, mock) => {
  await page.waitForSelector('.models-view .plot canvas');
  await act(page, mock);
});

test('the view and its words are fetched when it is opened', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await page.waitForSelector('.shape.bn');
    const asked = () => mock.asked.map((a) => a.path).filter((p) => /models|plots|views/.test(p));
    assert.deepEqual(asked(), []);
    await page.keyboard.press('KeyG');
    await page.keyboard.press('KeyM');
    await page.waitForSelector('.models-view .plot canvas');
    assert.ok(asked().includes('/assets/views.js') && asked().includes('/assets/models_en.js') && !asked().includes('/assets/models_ko.js'), asked().join());
    assert.ok(asked().includes('/api/v1/models') && asked().includes('/api/v1/models/wear'));
    await page.keyboard.press('Shift+KeyL');
    await page.waitForFunction(() => /예측과 실제값/.test(document.querySelector('.models-view')?.textContent ?? ''));
    assert.deepEqual(page.problems, []);
  });
});

test('a plant without models says how to begin', async () => {
  await withPage(browser, {hash: '#/models', mock: {models: false}}, async (page) => {
    await page.waitForSelector('.begin');
    assert.match(await text(page, '.begin'), /This plant has no models yet/);
    assert.match(await text(page, '.begin pre'), /^models:\n {2}wear:/);
    assert.match(await text(page, '.begin'), /lineshaft model train plant\.yaml:wear/);
    assert.deepEqual(await axe(page), []);
  });
});

test('the list says who serves, who shadows, how many truths lay inside, and what to look at', async () => {
  await withModels({}, async (page) => {
    const rows = (await page.$$eval('.model-list li', (all) => all.map((l) => l.textContent))).map(plain);
    assert.equal(rows.length, 5);
    assert.match(rows[0], /^wearsoft sensorv3 serves · v4 in its shadow91 % of the last 500 truths lay inside the interval \(wanted 90 %\)\.unusual units: 1silent units: 1v4 may be promoted$/);
    assert.match(rows[1], /slower than its deadline/);
    assert.match(rows[2], /No version serves yet.*No truth has come yet to score against\..*v2 may not serve/);
    await page.click('.model-list li:nth-child(3) a');
    await page.waitForFunction(() => document.querySelector('.model h2')?.textContent === 'scrap');
    assert.match(await text(page, '.model .problem'), /feature 3 of the model is 'power', it should be 'torque'/);
    assert.match(await text(page, '.model'), /truth: the file inspection\.csv/);
  });
});

test('gates show the figure, its limit, and whether it passed, in words', async () => {
  await withModels({}, async (page) => {
    const summaries = (await page.$$eval('.versions summary', (all) => all.map((s) => s.textContent))).map(plain);
    assert.equal(summaries.length, 4);
    assert.match(summaries[0], /^v4 challenger5 of 5 gates passedoff by 0\.0214/);
    assert.match(summaries[3], /^v1 candidate3 of 5 gates passed/);
    assert.equal(await page.locator('.versions details[open]').count(), 1, 'the challenger is open');
    await page.click('.versions li:nth-child(4) summary');
    const gates = (await page.$$eval('.versions li:nth-child(4) .gates li', (all) => all.map((l) => l.textContent))).map(plain);
    assert.deepEqual(gates, ['Error less than before by−12.0 % at least 0.0 % not passed', 'Error of the unit that loses most, up by3.1 % at most 10.0 % passed',
      'Share inside the intervals91.2 % at least 85.0 % passed', 'Error with one tag silent, above the mean’s by8.0 % at most 0.0 % not passed', 'Time for one prediction14 µs at most 1,000 µs passed']);
  });
});

test('a prediction is drawn beside the truth of the moment that it aims at', async () => {
  await withModels({}, async (page, mock) => {
    const asked = mock.asked.filter((a) => a.path === '/api/v1/history').map((a) => Object.fromEntries(a.query));
    const said = asked.find((a) => a.tags.startsWith('model/wear/grind-1,')), truth = asked.find((a) => a.tags === 'cell/grind-1/wear');
    assert.equal(said.tags, 'model/wear/grind-1,model/wear/grind-1/low,model/wear/grind-1/high,model/wear/grind-1/challenger,model/wear/grind-1/unusual');
    assert.equal(truth.from_us - said.from_us, 600e6, 'one horizon later');
    assert.equal((said.to_us - said.from_us) / said.points, 300e6, 'as many columns as predictions: no holes');
    assert.match(await text(page, '.plot figcaption'), /grind-1 Last 0\.\d+, 90 % prediction interval 0\.\d+ to 0\.\d+\. Of 9\d drawn here, 9\d truths lay inside\./);
    await page.click('.plot [data-table]');
    const rows = (await page.$$eval('.plot tbody tr', (all) => all.map((r) => [...r.children].map((c) => c.textContent))));
    assert.ok(rows.length > 50);
    for (const [, p, low, high, t] of rows.slice(0, -4)) {  // nothing is true yet of what lies ahead
      assert.ok(Number(low) <= Number(p) && Number(p) <= Number(high), `${low} ${p} ${high}`);
      assert.ok(Math.abs(Number(p) - Number(t)) < 0.04, `${p} beside ${t}`);
    }
    assert.equal(rows.at(-1)[4], '–', 'the truth ends at the present');
  });
});

test('units: those to look at first; one is chosen for chart and explanation', async () => {
  await withModels({}, async (page, mock) => {
    const units = (await page.$$eval('.units li', (all) => all.map((l) => l.textContent))).map(plain);
    assert.match(units[0], /^grind-3.*unlike anything learnt from/);
    assert.match(units[1], /^grind-4no tag has a value–/);
    assert.match(units[2], /^grind-1all tags have values0\.\d+ 0\.\d+ to 0\.\d+ \(90 % prediction interval\)Last truth 0\.\d+, off by \+0\.0094091 % of 504 inside$/);
    assert.match(await text(page, '.card:has(.effects)'), /grind-1, .* v3.*0\.440 is said on average; with what follows it comes to 0\.610\./);
    await page.click('.units li:nth-child(1) button');
    await page.waitForFunction(() => document.querySelector('.plot strong')?.textContent === 'grind-3');
    assert.match(page.url(), /unit=grind-3/);
    assert.match(await text(page, '.card:has(.effects)'), /grind-3, /);
    assert.ok(mock.asked.some((a) => a.path === '/api/v1/history' && a.query.get('tags') === 'cell/grind-3/wear'));
  });
});

test('an explanation has a sign in words beside each bar, and says what is missing', async () => {
  await withModels({}, async (page) => {
    const rows = (await page.$$eval('.effects li', (all) => all.map((l) => l.textContent))).map(plain);
    assert.equal(rows[0], 'cell/{unit}/power mean 1h+0.142 at 12.4');
    assert.equal(rows[2], 'cell/{unit}/temperature slope 1h−0.0480 at −0.00210');
    assert.equal(rows[4], 'cell/{unit}/vibration missing 1h−0.00900 missing');
  });
});

test('a monitor has an index and its limit; an alarm says since when and who is to blame', async () => {
  for (const [lang, says] of [['en', {flag: 'alarms: 1', unit: /alarm since 5 Jan 11:30/, blame: 'Who is to blame', of: /reactor-2, alarm since 5 Jan 11:30: largest index 2\.63, v1.*1 is an ordinary contribution/,
    row: 'plant/cooling/outlet14.2 at 51, usually 37 to 44', none: /No alarm stands/, legend: /^ Index\s*limit\s*alarm begins$/, watches: /Index 1 is the limit/}],
    ['ko', {flag: '알람 1건', unit: /1월 5일 11:30부터 알람/, blame: '원인 변수', of: /reactor-2, 1월 5일 11:30부터 알람: 최대 지수 2\.63, v1/, row: 'plant/cooling/outlet14.2 값 51, 평소 37~44', none: /알람이 없습니다/,
      legend: /^ 지수\s*한계\s*알람 시작$/, watches: /지수 1은/}]]) {
    await withPage(browser, {hash: '#/models/watch?unit=reactor-1', lang}, async (page, mock) => {
      await page.waitForSelector('.models-view .plot canvas');
      const row = '.model-list li:nth-child(4)';
      assert.equal(await text(page, `${row} .flag`), says.flag);
      assert.match(await text(page, row), says.watches);
      assert.match(await text(page, cardOf(says.blame)), says.none);
      assert.equal(await page.locator(cardOf(lang === 'ko' ? '드리프트' : 'Drift')).count(), 0, 'it tells by itself what is unlike');
      const units = (await page.$$eval('.units li', (all) => all.map((l) => l.textContent))).map(plain);
      assert.match(units[0], /^reactor-2/, 'the one with the alarm first');
      assert.match(units[0], says.unit);
      await page.click('.units li:nth-child(1) button');
      await page.waitForFunction(() => document.querySelector('.plot strong')?.textContent === 'reactor-2');
      assert.match(await text(page, cardOf(says.blame)), says.of);
      assert.equal(await text(page, '.effects li'), says.row);
      await page.waitForFunction(() => document.querySelectorAll('.keys-of-lines li').length === 3);
      assert.match(await text(page, '.keys-of-lines'), says.legend);
      await page.click('.plot [data-table]');
      const heads = await page.$$eval('.plot thead th', (all) => all.length), cells = await page.$$eval('.plot tbody tr', (all) => [...all].map((r) => [...r.children].map((c) => c.textContent)));
      assert.equal(heads, 4);
      assert.ok(cells.length > 50 && cells.every((r) => r.length === 4 && r[2] === '1') && cells.some((r) => Number(r[1]) > 1) && cells.some((r) => Number(r[1]) < 1), cells[0].join());
      assert.ok(!mock.asked.some((a) => a.path === '/api/v1/history' && a.query.get('tags') === ''));
      assert.deepEqual(await axe(page), []);
    });
  }
});

test('a class is said by its name', async () => {
  await withPage(browser, {hash: '#/models/part'}, async (page) => {
    await page.waitForSelector('.models-view .plot canvas');
    assert.match(await text(page, '.units li'), /rework.*Last truth good$/);
    assert.match(await text(page, '.plot figcaption'), /Last rework, without an interval\./);
  });
});

const cardOf = (title) => `.card:has(> h2:text("${title}"))`;

test('drift: each value stands against its limit, what has drifted is said', async () => {
  await withModels({}, async (page) => {
    assert.match(await text(page, cardOf('Drift')), /^DriftNo driftAgainst what was learnt, over 24 h; rows so far: 2060\..*Mean error: 0\.0181 on held-out rows, 0\.0187 of late/);
    assert.equal(await page.locator(`${cardOf('Drift')} .bad`).count(), 0);
    await page.click('.model-list li:nth-child(2) a');
    await page.waitForFunction(() => /The plant has drifted · since 5 Jan 10:00/.test(document.querySelector('.model')?.textContent ?? ''));
    const rows = (await page.$$eval(`.card .gates li`, (all) => all.map((l) => l.textContent))).map(plain);
    assert.equal(rows[0], 'spindle/{unit}/current mean 8h0.810 at most 0.250mean 12.1, now 17.0 drifted');
    assert.equal(rows[1], 'spindle/{unit}/temperature std 1h0.310 at most 0.250mean 12.1, now 14.0 · 22 % missing drifted');
    assert.equal(rows[2], 'spindle/{unit}/torque max 8h0.620 at most 0.700mean 12.1, now 15.8', 'less than chance gives is no drift');
    assert.equal(rows[3], 'spindle/{unit}/speed last0.0200 at most 0.250mean 12.1, now 12.2');
    assert.match(await text(page, cardOf('Drift')), /Truths are later than they should be/);
    assert.match(await text(page, '.model'), /Training: underway · after a drift/);
    assert.match(await text(page, '.model-list li:nth-child(2)'), /The plant has drifted/);
  });
});

test('the shadow: evidence for and against, and what would be enough', async () => {
  await withModels({}, async (page) => {
    const card = await text(page, cardOf('v4 beside v3'));
    assert.match(card, /Passed · 42 h, 412 truths, worth 38 independent ones/);
    assert.match(card, /squared error less by 33\.7 % · off by 0\.0188, the champion by 0\.0231 · 92 % inside its intervals \(wanted 90 %\)/);
    assert.match(card, /Evidence that it is better164 at least 20Evidence that it is worse0\.0200 at least 20/);
  });
});

test('an alarm is acknowledged once, by who may, and says who was first; one that is over is not', async () => {
  const hash = '#/models/watch?unit=reactor-2';
  await withModels({hash, mock: {role: 'operator'}}, async (page, mock) => {
    const alarm = mock.models.find((m) => m.name === 'watch').live[1].alarm;
    await page.click('.model [data-deed=acknowledge]');
    await page.waitForSelector('dialog[open]');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
    assert.match(await text(page, 'dialog'), /Acknowledge the alarm of reactor-2\?.*stands until the plant is as usual again/);
    assert.deepEqual(await axe(page), []);
    await page.fill('dialog input', ' the valve sticks ');
    await page.evaluate(() => [1, 2].forEach(() => document.querySelector('[data-send=acknowledge]').click()));
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.modelDeeds, [{name: 'watch', act: 'acknowledge', unit: 'reactor-2', since_us: alarm.since_us, text: 'the valve sticks'}]);
    await page.waitForFunction(() => /Seen by operator from 127\.0\.0\.1, 5 Jan 11:35: the valve sticks/.test(document.querySelector('.model')?.textContent.replaceAll('\u00a0', ' ') ?? ''));
    assert.equal(await page.$('.model [data-deed=acknowledge]'), null);
    assert.match(await text(page, '.model-list'), /alarms: 1/, 'it stands on');
  });
  await withModels({hash, lang: 'ko'}, async (page, mock) => {
    await page.click('.model [data-deed=acknowledge]');
    mock.models.find((m) => m.name === 'watch').live[1].alarm = null;
    await page.waitForFunction(() => document.querySelector('[data-send=acknowledge]')?.disabled && /이 알람은 이미 끝났습니다/.test(document.querySelector('dialog').textContent));
    assert.deepEqual(mock.modelDeeds, []);
  });
  await withModels({hash, mock: {role: 'viewer'}}, async (page) => {
    assert.ok(await page.isDisabled('.model [data-deed=acknowledge]'));
    assert.match(await text(page, '.model'), /This needs the role operator/);
  });
});

test('a challenger that has passed is promoted once, after a question; the page shows it after the answer', async () => {
  await withModels({}, async (page, mock) => {
    assert.match(await text(page, '.model'), /v4 may be promoted/);
    await page.click('.model [data-deed=promote]');
    await page.waitForSelector('dialog[open]');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
    assert.match(await text(page, 'dialog'), /From now on v4 serves as wear; v3 is kept and can return/);
    assert.doesNotMatch(await text(page, 'dialog'), /has not passed/);
    assert.deepEqual(await axe(page), []);
    mock.delayMs = 300;
    await page.fill('dialog input', 'better on both shifts');
    await page.evaluate(() => [1, 2].forEach(() => document.querySelector('[data-send=promote]').click()));
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.modelDeeds, [{name: 'wear', act: 'promote', version: 4, anyway: false, text: 'better on both shifts'}]);
    await page.waitForFunction(() => /v4 serves/.test(document.querySelector('.model-list')?.textContent ?? ''));
  });
});

test('a version whose shadow has not passed needs a person who says so', async () => {
  await withModels({}, async (page, mock) => {
    await page.click('.versions li:nth-child(4) summary');
    await page.click('.versions li:nth-child(4) button');
    assert.match(await text(page, 'dialog'), /Promote v1\?.*Its shadow has not passed/);
    await page.click('[data-send=promote]');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.modelDeeds, [{name: 'wear', act: 'promote', version: 1, anyway: true}]);
  });
});

test('roll back and train again ask first; a refusal is shown, and another champion stops the dialog', async () => {
  await withModels({}, async (page, mock) => {
    await page.click('.model [data-deed=rollback]');
    assert.match(await text(page, 'dialog'), /The champion before v3 serves again as wear/);
    mock.expire = true;
    await page.click('[data-send=rollback]');
    await page.waitForFunction(() => /Its shadow was lost meanwhile/.test(document.querySelector('dialog')?.textContent ?? ''));
    mock.expire = false;
    mock.models[0].champion = 9;
    await page.waitForFunction(() => document.querySelector('[data-send=rollback]')?.disabled && /Another version serves/.test(document.querySelector('dialog').textContent));
    await page.click('dialog [data-first]');
    await page.click('.model [data-deed=retrain]');
    await page.click('[data-send=retrain]');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.modelDeeds.map((d) => d.act), ['rollback', 'retrain']);
    await page.waitForFunction(() => /Training: waits · asked for/.test(document.querySelector('.model')?.textContent ?? ''));
    await page.click('.model-list li:nth-child(2) a');
    await page.waitForFunction(() => document.querySelector('.model h2')?.textContent.startsWith('spindle'));
    assert.ok(await page.isDisabled('.model [data-deed=rollback]'), 'there was no champion before');
    assert.ok(await page.isDisabled('.model [data-deed=retrain]'), 'one is underway');
  });
});

test('who may not sees why, and nothing is sent while the connection is lost', async () => {
  await withModels({mock: {role: 'operator'}}, async (page, mock) => {
    for (const deed of ['promote', 'rollback', 'retrain']) assert.ok(await page.isDisabled(`.model [data-deed=${deed}]`));
    assert.match(await text(page, '.model'), /This needs the role engineer/);
    assert.deepEqual(mock.modelDeeds, []);
  });
  await withModels({}, async (page, mock) => {
    await page.click('.model [data-deed=retrain]');
    mock.cut();
    await page.waitForFunction(() => document.querySelector('[data-send=retrain]')?.disabled, null, {timeout: 60000});
    assert.match(await text(page, 'dialog'), /Not while the connection is lost/);
    assert.deepEqual(mock.modelDeeds, []);
  });
});

test('columns: never narrower than predictions come, never more than the screen has', async () => {
  const {spanOf} = await load('models/live_chart.tsx');
  const model = {every_us: 300e6, horizon_us: 0};
  for (const [hours, width] of [[1, 900], [8, 900], [24, 300], [720, 900], [720, 50]]) {
    const s = spanOf(model, hours, width, 1767600000000000);
    assert.equal(s.step % 300e6, 0);
    assert.equal((s.to - s.from) / s.count, s.step);
    assert.equal(s.to % s.step, 0);
    assert.ok(s.to > 1767600000000000 && s.count <= Math.max(100, width) + 1, `${hours} h on ${width}: ${s.count}`);
  }
});

for (const width of [390, 320]) {
  test(`nothing is cut or too small at ${width} px, in both languages`, async () => {
    for (const lang of ['en', 'ko']) await withModels({width, height: 844, lang}, async (page) => {
      await page.click('.versions li:nth-child(4) summary');
      const cut = await page.evaluate(() => [...document.querySelectorAll('.models-view *, nav a')].filter((e) => {
        const r = e.getBoundingClientRect();
        return r.width > 0 && !e.closest('pre, .plot, .scroller') && (r.right > innerWidth + 0.5 || r.left < -0.5);
      }).map((e) => `${e.tagName} ${e.className}: ${e.textContent.slice(0, 40)}`));
      assert.deepEqual(cut, [], lang);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), lang);
      assert.deepEqual(await smallTargets(page), [], lang);
    });
  });
}
