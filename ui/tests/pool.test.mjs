// The Pool view: figures are the pool's, why and when are said, what is wrong is seen, nothing is sent
// that may not be (T13 to T15).
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

const small = {racks: 48, nodes: 18, gpus: 4, ownersMost: 2, each: 6, fill: 20};
const commas = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const plain = (text) => text.replaceAll('\u00a0', ' ');
const text = async (page, selector) => plain(await page.textContent(selector));

// With a small pool, opened at the Pool view.
const withPool = (options, act) => withPage(browser, {hash: '#/pool', ...options, mock: {pool: small, ...options.mock}}, async (page, mock) => {
  await page.waitForSelector('.jobs .job');
  await act(page, mock);
});

test('the view is fetched when it is opened, and is not there where there is no pool', async () => {
  await withPage(browser, {mock: {pool: small}}, async (page, mock) => {
    await page.waitForSelector('.shape.bn');
    const asked = () => mock.asked.map((a) => a.path).filter((p) => /pool|plots/.test(p));
    assert.deepEqual(asked(), []);
    await page.keyboard.press('KeyG');
    await page.keyboard.press('KeyP');
    await page.waitForSelector('.pool-view .jobs .job');
    assert.ok(asked().includes('/assets/pool.js') && asked().includes('/assets/pool_en.js') && !asked().includes('/assets/pool_ko.js'), asked().join());
    await page.click('nav a[href="#/line"]');
    await page.waitForSelector('.line-view');
    await page.waitForFunction(() => true);
    for (let i = 0; i < 100 && mock.poolStreams.size > 0; i++) await page.waitForTimeout(50);
    assert.equal(mock.poolStreams.size, 0, 'its stream ends when nobody looks');
  });
  await withPage(browser, {hash: '#/pool'}, async (page, mock) => {
    await page.waitForSelector('.line-view');
    assert.equal(await page.locator('nav a[href="#/pool"]').count(), 0);
    assert.ok(!mock.asked.some((a) => a.path.includes('pool')));
  });
});

test('counts on the page are those of the API: of all, of accounts, of racks (T15)', async () => {
  await withPool({}, async (page, mock) => {
    const {gpus, jobs, accounts, racks} = mock.pool;
    assert.equal(gpus.all, gpus.used + gpus.free + gpus.reserved + gpus.drained + gpus.broken + gpus.spare, 'the mock adds up');
    const figures = await page.$$eval('.kpis .figure', (all) => all.map((f) => f.textContent.replaceAll('\u00a0', ' ')));
    assert.equal(figures[0], `In use${commas(gpus.used)} of ${commas(gpus.all)}, ${Math.round(100 * gpus.used / gpus.all)} %`);
    assert.match(figures[1], new RegExp(`^Borrowed${commas(gpus.borrowed)} `));
    assert.match(figures[2], new RegExp(`^free${commas(gpus.free)} .*spare ${commas(gpus.spare)}`));
    assert.equal(figures[4], `waiting${jobs.waiting} for ${commas(jobs.waiting_gpus)} GPU`);
    const rows = await page.$$eval('.accounts tbody tr', (all) => all.map((r) => [...r.querySelectorAll('button.link, td.num')].map((c) => c.textContent)));
    assert.equal(rows.length, accounts.length, 'a small tree is open');
    for (const [i, a] of accounts.entries()) assert.deepEqual(rows[i].slice(0, 4), [a.path.split('.').pop(), commas(a.used), commas(a.guarantee), a.borrowed > 0 ? `+${commas(a.borrowed)}` : '–'], a.path);
    await page.click('.racks [data-table]');
    const list = await page.$$eval('.rack-list li', (all) => all.map((l) => l.textContent));
    for (const [i, line] of list.entries()) {
      const said = Object.fromEntries([...line.matchAll(/(in use|borrowed|free|reserved|spare|drained|broken) (\d+)/g)].map((m) => [m[1], Number(m[2])]));
      assert.ok(line.startsWith(racks.name[i]));
      assert.equal((said['in use'] ?? 0) + (said.borrowed ?? 0), racks.used[i], line);
      assert.equal(Object.values(said).reduce((a, b) => a + b, 0), racks.gpus[i], line);
    }
  });
});

test('each waiting job says why and when; never is not the same as not known (T13)', async () => {
  await withPool({}, async (page) => {
    const rows = Object.fromEntries(await page.$$eval('.job', (all) => all.map((j) => [j.querySelector('strong').textContent, ['.job-why', '.job-start'].map((s) => j.querySelector(s).textContent.replaceAll('\u00a0', ' '))])));
    assert.match(rows['8812'][0], /uses all \d+ guaranteed GPUs, and it would have to borrow 64 where 21 are free/);
    assert.match(rows['8812'][1], /^Starts \d\d:\d\d to \d\d:\d\d$/);
    assert.match(rows['8826'][1], /^Starts by \d\d:\d\d$/);
    assert.match(rows['8301'][0], /can never run/);
    assert.equal(rows['8301'][1], 'Starts never');
    assert.ok(Object.values(rows).some(([, start]) => start === 'Starts not known'));
    for (const [id, [why]] of Object.entries(rows)) assert.ok(why.length > 10, `${id} has no reason`);
  });
  await withPool({lang: 'ko'}, async (page) => {
    assert.match(await text(page, '.job:has-text("8301")'), /실행할 수 없습니다.*예상 시작 실행 불가/);
  });
});

test('a GPU that is out of service alone is told so, and the others of its node are not', async () => {
  for (const [lang, out] of [['en', 'drained 1'], ['ko', '드레인됨 1']]) {
    await withPool({lang}, async (page, mock) => {
      const {drained, broken, spare, used} = mock.pool.racks;
      [drained[0], broken[0], spare[0], used[0]] = [1, 0, 0, 2];
      await page.focus('.map canvas');
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.nodes svg');
      const said = await page.$$eval('.nodes svg.gpus', (all) => all.map((s) => s.getAttribute('aria-label')));
      assert.ok(said[0].includes(out), said[0]);
      assert.ok(said.slice(1).every((s) => !s.includes(out.slice(0, 3))), said.join('; '));
      assert.equal(await page.locator('.nodes tbody tr:first-child .gpu-drained').count(), 1);
      assert.equal(await page.locator('.nodes tbody tr:first-child th .muted').count(), 0, 'the node itself is in service');
    });
  }
});

test('spot jobs, parts of elastic jobs and these are told apart, in the list, the details and the rack', async () => {
  for (const [lang, says] of [['en', {part: 'part of 7150', spot: 'spot', grows: 'up to 3 parts more', about: /Runs beside job 7150; stopped as soon as/}],
    ['ko', {part: '7150번 작업의 확장분', spot: '스팟', grows: '최대 3개 확장', about: /7150번 작업과 함께 실행하며/}]]) {
    await withPool({lang}, async (page) => {
      assert.equal(await page.$('.jobs .tag'), null, 'no job that waits is one');
      await page.click('.queue .tabs button >> nth=1');
      await page.waitForSelector('.job.js-running');
      const tags = Object.fromEntries(await page.$$eval('.job:has(.tag)', (all) => all.map((j) => [j.querySelector('strong').textContent, j.querySelector('.tag').textContent])));
      assert.deepEqual(tags, {7150: says.grows, 7155: says.part, 7158: says.spot});
      await page.click('.job-head:has-text("7155")');
      assert.match(await text(page, '.job-details'), says.about);
      await page.click('.queue .tabs button >> nth=2');
      await page.waitForSelector('.job.js-failed');
      assert.match(await text(page, '.job.js-failed .job-why'), /longer than it may/);
    });
  }
  await withPool({}, async (page, mock) => {
    Object.assign(mock.jobs.find((j) => j.state === 'running'), {spot: true});
    await page.focus('.map canvas');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.rack-jobs li');
    assert.match(await text(page, '.rack-jobs'), /· spot ·/);
  });
});

test('what the server leaves out, and what it says too much, spoils nothing else (T14)', async () => {
  await withPage(browser, {hash: '#/line', mock: {pool: small}}, async (page, mock) => {
    delete mock.pool.racks.used[5];
    mock.pool.racks.broken = mock.pool.racks.broken.slice(0, 40);
    await page.evaluate(() => { location.hash = '#/pool'; });
    await page.waitForSelector('.map canvas');
    assert.match(await text(page, '.rack-list'), /rack6 not known/);
    assert.match(await text(page, '.rack-list'), /rack48 not known/);
    mock.pool.seq++;
    mock.sendPool('change', {seq: mock.pool.seq, t: mock.wall(), gpus: mock.pool.gpus, jobs: mock.pool.jobs, a: [[999, 1, 1, 1, 1, 1, 1]], r: [[999, 1, 1, 1, 1, 1, 1], [5, 8, 0, 0, 0, 0, 4]], queue: false});
    await page.waitForFunction(() => !/rack6 not known/.test(document.querySelector('.rack-list').textContent));
    assert.deepEqual(page.problems, []);
  });
});

test('a change reaches figures, tree, map and queue; an act is told', async () => {
  await withPool({}, async (page, mock) => {
    const {accounts, racks} = mock.pool, before = await page.evaluate(() => document.querySelector('.map canvas').toDataURL());
    racks.used[0] -= 8;
    racks.broken[0] += 8;
    accounts[1].used += 8;
    accounts[0].used += 8;
    const job = mock.jobs.find((j) => j.id === '8812');
    job.state = 'running';
    mock.changePool({accounts: [0, 1], racks: [0], queue: true});
    mock.sendPool('act', {seq: 9999, at_us: mock.wall(), kind: 'broken', text: 'Node node1 broke down.', text_ko: 'node1 노드가 고장 났습니다.', node: 'node1'});
    await page.waitForFunction((n) => document.querySelector('.accounts tbody tr:nth-child(2) td.num').textContent === n, commas(accounts[1].used));
    await page.waitForFunction(() => ![...document.querySelectorAll('.job strong')].some((s) => s.textContent === '8812'));
    await page.waitForFunction(() => /Node node1 broke down/.test(document.getElementById('said').textContent));
    assert.match(await text(page, '.kpis'), new RegExp(`broken ${mock.pool.gpus.broken}`));
    assert.notEqual(await page.evaluate(() => document.querySelector('.map canvas').toDataURL()), before);
    await page.click('.acts button:has-text("failures")');
    assert.match(await text(page, '.act-list'), /Node node1 broke down/);
    assert.ok(mock.asked.filter((a) => a.path === '/api/v1/pool').length <= 1, 'nothing is asked again as a whole');
  });
});

test('what was given back in the last hour: by whom, to whom, why', async () => {
  await withPool({}, async (page) => {
    await page.waitForSelector('.act-list li');
    const said = await text(page, '.act-list');
    assert.match(said, /gives 16 GPUs back to vehicles\.coatings, for job 8826: they are within its guarantee.*asked 7 min ago/);
    assert.doesNotMatch(said, /is done/);
    await page.click('.acts button:has-text("all")');
    assert.match(await text(page, '.act-list'), /is done/);
  });
});

test('silence: a banner, an age, old values grey, and nothing can be cancelled or is kept for later', async () => {
  await withPool({}, async (page, mock) => {
    await page.click('.job-head >> nth=0');
    await page.click('[data-cancel]');
    mock.cut();
    await page.waitForSelector('.pool-view .banner[role=alert]', {timeout: 30000});
    assert.match(await text(page, '.pool-view .banner'), /Connection lost\. Showing values from \d\d:\d\d:\d\d\. Cancelling returns/);
    assert.match(await text(page, '.kpis'), /\d+ s old/);
    assert.ok(await page.locator('.pool-view.stale').count());
    assert.ok(await page.isDisabled('[data-send=cancel]'));
    mock.silent = false;
    await page.waitForSelector('.pool-view .banner', {state: 'detached', timeout: 30000});
    assert.deepEqual(mock.cancelled, []);
  });
});

test('an operator cancels a job, once however often it is pressed; a refusal is said', async () => {
  await withPool({mock: {role: 'operator'}}, async (page, mock) => {
    mock.delayMs = 2000;
    await page.click('.job-head:has-text("8826")');
    await page.click('[data-cancel="8826"]');
    await page.waitForFunction(() => document.activeElement.textContent === 'Keep it');
    await page.dblclick('[data-send=cancel]');
    await page.waitForSelector('dialog', {state: 'detached'});
    assert.deepEqual(mock.cancelled, ['8826']);
    await page.waitForFunction(() => ![...document.querySelectorAll('.job strong')].some((s) => s.textContent === '8826'));
    mock.delayMs = 0;
    await page.click('.job-head:has-text("8812")');
    await page.click('[data-cancel="8812"]');
    mock.jobs.find((j) => j.id === '8812').state = 'done';
    await page.click('[data-send=cancel]');
    await page.waitForSelector('dialog .problem[role=alert]');
    assert.match(await text(page, 'dialog .problem[role=alert]'), /Job 8812 is over/);
  });
});

test('a viewer, and a token of another account, see the button disabled with the reason', async () => {
  await withPool({mock: {role: 'viewer'}}, async (page, mock) => {
    await page.click('.job-head >> nth=0');
    assert.ok(await page.isDisabled('[data-cancel]'));
    assert.match(await text(page, '.job-details'), /needs the role operator/);
    assert.deepEqual(mock.cancelled, []);
  });
  await withPage(browser, {hash: '#/line', mock: {pool: small, role: 'operator'}}, async (page, mock) => {
    mock.account = 'vehicles';
    await page.goto('about:blank');
    await page.goto(`${mock.url}?lang=en#/pool`);
    await page.click('.job-head:has-text("8812")');
    assert.ok(!await page.isDisabled('[data-cancel="8812"]'));
    const other = mock.jobs.find((j) => j.state === 'waiting' && !j.account.startsWith('vehicles')).id;
    await page.click(`.job-head:has-text("${other}")`);
    assert.ok(await page.isDisabled(`[data-cancel="${other}"]`));
    assert.match(await text(page, '.job-details'), /for account vehicles only/);
  });
});

test('a rack is found on the map by keyboard, opened, and left; a mouse does the same', async () => {
  await withPool({}, async (page) => {
    await page.focus('.map canvas');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => /^rack2: in use \d+/.test(document.getElementById('map-said').textContent));
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => /^rack(?!2:)\d+: /.test(document.getElementById('map-said').textContent));
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.rack .nodes tbody tr');
    assert.equal(await page.locator('.rack .nodes tbody tr').count(), 18);
    await page.waitForFunction(() => document.activeElement.textContent.startsWith('rack1'));
    assert.ok(page.url().includes('#/pool/rack1'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('.rack', {state: 'detached'});
    await page.click('.map canvas', {position: {x: 4, y: 40}});
    await page.waitForSelector('.rack .nodes');
  });
});

test('an account that is chosen holds for jobs, usage and acts, and stands in the address', async () => {
  await withPool({}, async (page, mock) => {
    await page.click('.accounts button.link:has-text("castings") >> nth=0');
    await page.waitForFunction(() => [...document.querySelectorAll('.job-account')].every((a) => a.textContent === 'vehicles.castings'));
    assert.ok(page.url().endsWith('#/pool?account=vehicles.castings'));
    await page.waitForFunction(() => document.querySelector('.usage .plot strong')?.textContent === 'vehicles.castings');
    assert.ok(mock.asked.some((a) => a.path === '/api/v1/pool/usage' && a.query.get('account') === 'vehicles.castings'));
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.usage .plot strong')?.textContent === 'national');
  });
});

test('accounts that the first answer leaves out are asked for when they are wanted', async () => {
  await withPage(browser, {hash: '#/line', mock: {pool: {...small, each: 40}}}, async (page, mock) => {
    mock.more = mock.pool.accounts.filter((a) => a.path.startsWith('vehicles.'));
    mock.pool.accounts = mock.pool.accounts.filter((a) => !a.path.startsWith('vehicles.'));
    await page.evaluate(() => { location.hash = '#/pool'; });
    await page.click('.accounts tr:has-text("vehicles") .twist');
    await page.waitForSelector('.accounts button.link:has-text("own")');
    assert.equal(await page.locator('.accounts tbody tr').count(), 2 + 41);
    assert.equal(mock.asked.filter((a) => a.path === '/api/v1/pool/accounts').length, 1);
  });
});

test('usage has a sentence, a cursor and a table, and its gap stays one', async () => {
  await withPool({}, async (page) => {
    await page.waitForSelector('.usage .plot canvas');
    assert.match(await page.getAttribute('.usage .plot-box', 'aria-label'), /^national\. Last [\d,]+, guarantee [\d,]+; most [\d,]+, at .*Gaps without data: 1, not joined\./);
    await page.focus('.usage .plot-box');
    await page.keyboard.press('ArrowRight');
    assert.match(await text(page, '.usage .cursor'), /In use/);
    await page.click('.usage [data-table]');
    assert.ok(await page.locator('.usage tbody tr').count() > 10);
  });
});

test('a pool\'s own daemon has only this view, and asks for no plant', async () => {
  for (const brings of [false, true]) await withPage(browser, {hash: '', mock: {only: true, pool: {racks: 1, nodes: 1, gpus: 8, ownersMost: 2, each: 2, name: 'box', kind: 'cpu-slot', slots: true}, brings}}, async (page, mock) => {
    await page.waitForSelector('.rack .nodes tbody tr');
    assert.deepEqual(await page.$$eval('nav a', (all) => all.map((a) => a.textContent)), ['Pool']);
    assert.equal(await page.title(), 'Pool · box');
    assert.match(await text(page, '.now'), /live/);
    assert.match(await text(page, '.kpis'), /CPU slots/);
    assert.match(await text(page, '.job-gpus >> nth=0'), /^\d[\d,]* CPU slots/);
    assert.ok(!mock.asked.some((a) => a.path === '/api/v1/stream'));
    if (brings) assert.ok(!mock.asked.some((a) => ['/api/v1/me', '/api/v1/plant'].includes(a.path)), 'what the page brought is asked for again');
  });
});

test('260,208 GPUs and 1,005 accounts: shown, changed at once, within a moment', async () => {
  await withPage(browser, {hash: '#/pool', mock: {pool: {}}}, async (page, mock) => {
    await page.waitForSelector('.map canvas');
    assert.match(await text(page, '.kpis'), /of 260,208/);
    assert.equal(await page.locator('.accounts tbody tr').count(), 5);
    await page.waitForSelector('.jobs .job');
    assert.equal(await page.locator('.jobs .job').count(), 50);
    await page.click('.queue > button:has-text("30 more")');
    await page.waitForFunction(() => document.querySelectorAll('.jobs .job').length === 80);
    const racks = mock.pool.racks.name.map((_, i) => i);
    const took = page.evaluate(() => new Promise((done) => {
      const before = document.querySelector('.accounts td.num').textContent;
      let spent = 0, at = performance.now();
      const look = () => {  // how long the frames were that showed it
        const now = performance.now();
        spent = Math.max(spent, now - at);
        at = now;
        if (document.querySelector('.accounts td.num').textContent !== before) return setTimeout(() => done(spent), 200);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }));
    await page.waitForTimeout(300);
    for (const i of racks) mock.pool.racks.used[i] = Math.max(0, mock.pool.racks.used[i] - 1);
    mock.pool.accounts[0].used -= 100;
    mock.changePool({accounts: mock.pool.accounts.map((_, i) => i), racks});
    const ms = await took;
    console.log(`# all 3,614 racks and 1,005 accounts changed: the longest frame took ${ms.toFixed(0)} ms`);
    assert.ok(ms < 1000, `${ms} ms`);
  });
});

test('what a GPU is has a shape of its own, and what is free is what nothing else counts', async () => {
  const {looks, countsOf} = await load('pool/gpu_mark.tsx');
  const shapes = Object.values(looks).map((l) => l.shape);
  assert.equal(new Set(shapes).size, shapes.length);
  const patterns = ['used', 'borrowed', 'reserved', 'spare', 'drained', 'broken'].map((s) => looks[s].pattern);
  assert.equal(new Set(patterns).size, patterns.length);
  const racks = {name: ['a', 'b'], gpus: [8, 8], used: [2.5, 8], borrowed: [0.5, 0], reserved: [0, 0], spare: [1, 0], drained: [0, 0], broken: [2, 0], units: [], kind: [0, 0], nodes: [1, 1]};
  const {all, used, borrowed, free, broken} = countsOf(racks, 0);
  assert.deepEqual([all, used, borrowed, free, broken], [8, 2, 0.5, 2.5, 2]);
  assert.equal(countsOf(racks, 0, 2).used, 10);
  assert.equal(countsOf({...racks, used: [2]}, 1).unknown, 1);
});

test('the map has all racks within its width, none over another, and arrows reach every one', async () => {
  const {layMap, neighbour, rackAt} = await load('pool/map_layout.ts');
  const n = 500, racks = {name: Array.from({length: n}, (_, i) => `r${i}`), units: [{name: 'h1', level: 'hall', at: 0, count: 300}, {name: 'w1', level: 'row', at: 0, count: 20}, {name: 'h2', level: 'hall', at: 300, count: 150}]};
  for (const width of [200, 366, 700, 1500]) {
    const map = layMap(racks, width, 300), seen = new Set();
    for (let i = 0; i < n; i++) {
      assert.ok(map.x[i] + map.cell <= width + 1 && map.y[i] + map.cell <= map.height, `${i} at ${width}`);
      seen.add(`${map.x[i]} ${map.y[i]}`);
      assert.equal(rackAt(map, map.x[i] + 1, map.y[i] + 1), i);
    }
    assert.equal(seen.size, n);
    const down = neighbour(map, 0, 'ArrowDown');
    assert.ok(map.y[down] > map.y[0] && neighbour(map, down, 'ArrowUp') === 0);
    assert.equal(neighbour(map, n - 1, 'ArrowDown'), n - 1);
    assert.deepEqual(map.blocks.map((b) => [b.name, b.count]), [['h1', 300], ['h2', 150], ['', 50]]);
  }
});

for (const lang of ['en', 'ko']) for (const theme of ['light', 'dark']) {
  test(`axe-core finds nothing in the pool, its rack, its dialog, ${lang}, ${theme}`, async () => {
    await withPool({hash: '#/pool/rack2', lang, theme}, async (page) => {
      await page.waitForSelector('.rack .nodes tbody tr');
      await page.waitForSelector('.usage .plot canvas');
      await page.click('.job-head >> nth=1');
      assert.deepEqual(await axe(page), []);
      await page.click('.racks [data-table]');
      await page.click('.usage [data-table]');
      await page.click('[data-cancel]');
      assert.deepEqual(await axe(page), [], 'lists and dialog');
      assert.deepEqual(page.problems, []);
    });
  });
}

for (const width of [390, 320]) for (const lang of ['en', 'ko']) {
  test(`the pool fits ${width} px, ${lang}`, async () => {
    await withPool({hash: '#/pool/rack2', lang, width, height: 844}, async (page) => {
      await page.waitForSelector('.rack .nodes tbody tr');
      await page.waitForSelector('.usage .plot canvas');
      await page.click('.job-head >> nth=0');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${await page.evaluate(() => document.documentElement.scrollWidth)} px`);
      if (width === 390) assert.equal(await page.$eval('.accounts .scroller', (e) => e.scrollWidth - e.clientWidth), 0, 'the accounts are cut');
      assert.deepEqual(await smallTargets(page), []);
      if (width === 390) assert.deepEqual(await axe(page), []);
    });
  });
}

test('a wall has no controls and scrolls nowhere', async () => {
  await withPage(browser, {hash: '#/pool', wall: true, theme: 'dark', width: 1920, height: 1080, mock: {pool: {}}}, async (page) => {
    await page.waitForSelector('.map canvas');
    assert.equal(await page.locator('.pool-view input, .pool-view a, .pool-view select').count(), 0);
    const over = await page.evaluate(() => [document.querySelector('.map').getBoundingClientRect().bottom - innerHeight, document.documentElement.scrollWidth - innerWidth]);
    assert.ok(over[0] <= 0 && over[1] <= 0, over.join());
  });
});
