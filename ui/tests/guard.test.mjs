// The guard on the page: what stands is seen, and each deed is done once, by whoever may.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {busyGuard, standing} from '../mock/plant.mjs';
import {axe} from './axe.mjs';
import {openBrowser, smallTargets, withPage} from './browser.mjs';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => browser?.close());

const chipSays = (page, word) => page.waitForFunction((w) => document.querySelector('.guard-chip strong')?.textContent === w, word);
const sent = async (page) => page.waitForSelector('dialog', {state: 'detached'});

// A button that opens a deed's dialog, what is entered there, and the button that does it.
async function doDeed(page, name, {within = '', enter} = {}) {
  await page.click(`${within} [data-deed=${name}]`);
  await enter?.();
  await page.click(`[data-send=${name}]`);
  await sent(page);
}

async function openPanel(page) {
  await page.click('button.guard-chip');
  await page.waitForSelector('.guard-panel');
}

test('the bar says in a word how the guard stands, the panel what, since when, by whom, until when', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await chipSays(page, 'armed');
    mock.stands = busyGuard(mock.wall());
    await openPanel(page);
    await page.waitForFunction(() => document.activeElement.textContent === 'Guard');
    await chipSays(page, 'waits for a person');
    const text = (await page.textContent('.guard-panel')).replaceAll('\u00a0', ' ');
    assert.match(text, /On hold: dispatch grind.*by kim, operator@192\.0\.2\.7 \(operator\) · since 25 min ago/);
    assert.match(text, /Bypassed: guard 6, minimum dwell.*by lee.* · since \d+ (s|min) ago · 25 min left.*trial of the new wheel/);
    assert.match(text, /An interlock was active: gearbox\/cell\/line\/DoorOpen/);
    assert.match(text, /Refused last.*Guard 7, freshness: stale.*grind-1 takes gear-b-02 next/);
    assert.equal(await page.locator('.guard-panel details li').count(), 35);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.guard-panel', {state: 'detached'});
    await page.waitForFunction(() => document.activeElement.classList.contains('guard-chip'));
  });
});

test('panel and dialog are fetched when they are first wanted, and asked for again when that failed', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await chipSays(page, 'armed');
    const asked = () => mock.asked.filter((a) => a.path === '/assets/close_up.js').length;
    assert.equal(asked(), 0, 'before anybody looks');
    await page.route('**/assets/close_up.js', (route) => route.abort());
    await page.click('button.guard-chip');
    await page.waitForSelector('.guard-panel .failed');
    await page.unroute('**/assets/close_up.js');
    await page.click('.guard-panel .failed button');
    await page.click('.guard-panel [data-deed=hold]');
    await page.waitForSelector('[data-send=hold]');
    assert.equal(asked(), 1);
  });
  await withPage(browser, {hash: '#/line/grind'}, async (page) => {
    await page.click('.drawer [data-deed=hold]');
    await page.waitForSelector('[data-send=hold]');
    await page.waitForFunction(() => document.activeElement.textContent === 'Cancel');
    await page.keyboard.press('Escape');
    await sent(page);
    await page.waitForFunction(() => document.activeElement.dataset.deed === 'hold');  // the focus is back
  });
});

test('each deed is asked about, sent as the guard wants it, and shown after its answer', async () => {
  await withPage(browser, {hash: '#/line'}, async (page, mock) => {
    mock.stands = [standing('interlock', {what: 'a/DoorOpen'}), standing('foreign', {what: 'coolant', count: 2}), standing('trips', {count: 5})];
    await page.keyboard.press('KeyG');
    await page.keyboard.press('KeyG');
    await chipSays(page, 'tripped');
    await doDeed(page, 'reset', {enter: () => page.fill('dialog input', 'lee')});
    await doDeed(page, 're-arm', {within: '.guard-panel li:has-text("DoorOpen")'});
    await doDeed(page, 'hold');
    await chipSays(page, 'on hold');
    await doDeed(page, 'lift');
    await page.click('[data-deed=bypass]');
    assert.ok(await page.isDisabled('[data-send=bypass]'), 'a bypass without a reason');
    await page.selectOption('dialog select >> nth=0', '6');
    await page.selectOption('dialog select >> nth=1', '28800');
    await page.fill('dialog input >> nth=0', 'trial');
    await page.click('[data-send=bypass]');
    await page.waitForSelector('dialog .problem[role=alert]');
    assert.match(await page.textContent('dialog .problem[role=alert]'), /at most 4\.0 h/);
    await page.selectOption('dialog select >> nth=1', '600');
    await page.click('[data-send=bypass]');
    await sent(page);
    await doDeed(page, 'end-bypass');
    await doDeed(page, 'revoke', {enter: async () => {
      assert.deepEqual(await page.$$eval('dialog datalist option', (all) => all.map((o) => o.value)), ['kim']);
      await page.fill('dialog input >> nth=0', 'kim');
    }});
    assert.match(await page.textContent('.guard-panel'), /Approvals revoked: kim/);
    const lee = {who: 'lee'};
    assert.deepEqual(mock.deeds, [{name: 'reset', ...lee}, {name: 're-arm', what: 'a/DoorOpen', ...lee}, {name: 'hold', what: '', ...lee},
      {name: 'lift', what: '', ...lee}, {name: 'bypass', guard: 6, reason: 'trial', for_s: 28800, ...lee},
      {name: 'bypass', guard: 6, reason: 'trial', for_s: 600, ...lee}, {name: 'end-bypass', guard: 6, ...lee}, {name: 'revoke', what: 'kim', ...lee}]);
  });
});

test('what comes in is let in or put off by hand, of classes that the plant file lets people decide about', async () => {
  await withPage(browser, {hash: '#/line'}, async (page, mock) => {
    await openPanel(page);
    await page.click('[data-deed=entry]');
    assert.deepEqual(await page.$$eval('dialog select >> nth=0 >> option', (all) => all.map((o) => o.value)), ['gear-b']);
    await page.selectOption('dialog select >> nth=1', '3600');
    await page.click('[data-send=entry]');
    await sent(page);
    await page.click('[data-deed=entry]');
    await page.selectOption('dialog select >> nth=1', '-1');
    await page.click('[data-send=entry]');
    await sent(page);
    const asked = mock.entries.map(({who, ...more}) => more);
    assert.deepEqual(asked, [{class: 'gear-b', put_off_s: 3600}, {class: 'gear-b'}]);
  });
});

test('lots that the line does not tell are said, and nobody is asked to do what would not help', async () => {
  await withPage(browser, {hash: '#/line'}, async (page, mock) => {
    mock.stands = [standing('lots', {what: 'grind', count: 2, guard: 32, waits: false})];
    await openPanel(page);
    await page.waitForSelector('.guard-panel li:has-text("none is dispatched or released: grind")');
    assert.equal(await page.locator('.guard-panel li [data-deed]').count(), 0);
  });
});

test('the dialog of a deed has the focus on Cancel, and a double click sends once', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await openPanel(page);
    await page.click('[data-deed=hold]');
    await page.waitForFunction(() => document.activeElement.textContent === 'Cancel');
    await page.keyboard.press('Enter');
    await sent(page);
    assert.equal(mock.deeds.length, 0);
    mock.delayMs = 3000;
    await page.click('[data-deed=hold]');
    await page.selectOption('dialog select', 'dispatch grind');
    await page.dblclick('[data-send=hold]');
    assert.equal(await page.locator('.guard-panel [data-deed=lift]').count(), 0, 'shown before the answer came');
    await sent(page);
    assert.deepEqual(mock.deeds, [{name: 'hold', what: 'dispatch grind'}]);
    await chipSays(page, 'partly on hold');
  });
});

test('what has changed meanwhile is not done, and what the guard refuses is said', async () => {
  await withPage(browser, {lang: 'ko'}, async (page, mock) => {
    mock.stands = [standing('hold', {who: 'kim', role: 'operator'})];
    await openPanel(page);
    await page.click('[data-deed=lift]');
    mock.stands = [standing('hold', {who: 'lee', role: 'engineer'})];
    await page.waitForFunction(() => document.querySelector('[data-send=lift]').disabled, null, {timeout: 30000});
    assert.match(await page.textContent('dialog .problem'), /상태가 바뀌었습니다/);
    await page.keyboard.press('Escape');
    await page.click('[data-deed=lift]');
    mock.stands = [];
    await page.click('[data-send=lift]');
    await page.waitForSelector('dialog .problem[role=alert]');
    await page.keyboard.press('Escape');
    await sent(page);
    await page.waitForSelector('.guard-panel [data-deed=lift]', {state: 'detached', timeout: 30000});
  });
});

for (const [role, says] of [['viewer', /needs the role operator.*needs the role engineer/], ['operator', /needs the role engineer/]]) {
  test(`a ${role} sees what that role may not do disabled, with the reason`, async () => {
    await withPage(browser, {mock: {role}}, async (page, mock) => {
      mock.stands = [standing('hold', {who: 'lee', role: 'engineer'}), standing('trips', {count: 1})];
      await openPanel(page);
      await page.waitForSelector('[data-deed=lift]');
      const off = await page.$$eval('[data-deed]', (all) => Object.fromEntries(all.map((b) => [b.dataset.deed, b.disabled])));
      const viewer = role === 'viewer';
      assert.deepEqual(off, {lift: true, reset: viewer, hold: viewer, bypass: true, revoke: true, entry: viewer});
      assert.match(await page.textContent('.guard-panel'), says);
      assert.deepEqual(mock.deeds, []);
    });
  });
}

test('a station\'s decision points are held and lifted in its drawer', async () => {
  await withPage(browser, {hash: '#/line/grind'}, async (page, mock) => {
    await doDeed(page, 'hold', {within: '.drawer'});
    await page.waitForSelector('.drawer [data-deed=lift]');
    assert.match(await page.textContent('.drawer'), /dispatch grind: approve.*on hold by engineer@127\.0\.0\.1/);
    await doDeed(page, 'lift', {within: '.drawer'});
    await page.waitForSelector('.drawer [data-deed=hold]');
    assert.deepEqual(mock.deeds.map((d) => [d.name, d.what]), [['hold', 'dispatch grind'], ['lift', 'dispatch grind']]);
  });
});

test('a guard that is away, and a lost connection: said, and nothing can be done or is queued', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await openPanel(page);
    await chipSays(page, 'armed');
    mock.state.link = {...mock.state.link, guard: false};
    mock.send('kpi', {kpi: mock.state.kpi, link: mock.state.link});
    await chipSays(page, 'away');
    await page.waitForFunction(() => /out of reach/.test(document.getElementById('said').textContent), null, {timeout: 30000});
    assert.ok(await page.isDisabled('[data-deed=hold]'));
    mock.state.link = {...mock.state.link, guard: true};
    mock.send('kpi', {kpi: mock.state.kpi, link: mock.state.link});
    await chipSays(page, 'armed');
    await page.click('[data-deed=hold]');
    mock.cut();
    await page.waitForFunction(() => document.querySelector('[data-send=hold]').disabled, null, {timeout: 30000});
    assert.match(await page.textContent('dialog'), /Not while the connection is lost/);
    mock.silent = false;
    await page.waitForSelector('.banner', {state: 'detached', timeout: 30000});
    assert.deepEqual(mock.deeds, []);
  });
});

test('a screen reader is told what stands anew and what is over', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await openPanel(page);
    await chipSays(page, 'armed');
    mock.stands = [standing('hold', {who: 'kim', role: 'operator'})];
    await page.waitForFunction(() => document.getElementById('said').textContent === 'Everything is on hold', null, {timeout: 30000});
    mock.stands = [];
    await page.waitForFunction(() => document.getElementById('said').textContent === 'Over: Everything is on hold', null, {timeout: 30000});
  });
});

test('no guard is shown where nothing can be sent', async () => {
  await withPage(browser, {}, async (page, mock) => {
    await chipSays(page, 'armed');
    const at = page.url();
    await page.goto('about:blank');  // what the page before has asked does not count
    for (const p of mock.plant.decide.points) p.mode = 'advise';
    const before = mock.asked.length;
    await page.goto(at);
    await page.waitForSelector('.shape.bn');
    assert.equal(await page.locator('.guard-chip').count(), 0);
    assert.ok(!mock.asked.slice(before).some((a) => a.path === '/api/v1/guard'));
  });
});

for (const lang of ['en', 'ko']) for (const theme of ['light', 'dark']) {
  test(`axe-core finds nothing in the panel and its dialogs, and it fits a phone, ${lang}, ${theme}`, async () => {
    await withPage(browser, {lang, theme, width: theme === 'dark' ? 390 : 1280, height: 844}, async (page, mock) => {
      mock.stands = busyGuard(mock.wall());
      await openPanel(page);
      await page.waitForSelector('.guard-panel [data-deed=end-bypass]');
      assert.deepEqual(await axe(page), [], 'panel');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
      if (theme === 'dark') assert.deepEqual(await smallTargets(page), [], 'targets under 44 px');
      for (const deed of ['bypass', 'revoke']) {
        await page.click(`[data-deed=${deed}]`);
        assert.deepEqual(await axe(page), [], deed);
        await page.keyboard.press('Escape');
        await sent(page);
      }
      assert.deepEqual(page.problems, []);
    });
  });
}
