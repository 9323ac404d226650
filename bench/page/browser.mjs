// browser.mjs - what a browser sees of a running service: how soon, and how smoothly. For bench/page/run.
//
//   node browser.mjs CHROMIUM PLAYWRIGHT URL STATIONS LOADS SECONDS [PROFILE.cpuprofile]
//
// PLAYWRIGHT is the folder of playwright-core. Prints one JSON object: for each of LOADS loads (each of
// a new browser profile: nothing is cached) milliseconds from the beginning of the navigation to the end
// of the frame in which every station stands with its state, until those below the window have their
// shape too, and CPU of the page's process, less that of an empty page; then, over SECONDS with the live stream moving, frames a second, gaps between
// frames, and the share of time in which the main thread worked.
import {createRequire} from 'node:module';
import {writeFileSync} from 'node:fs';

const [program, playwright, url, stationText, loadText, secondText, profile] = process.argv.slice(2);
const {chromium} = createRequire(import.meta.url)(playwright);
const stations = Number(stationText), loads = Number(loadText), seconds = Number(secondText);

// In the page: notes when the wanted number of stations has a state, and when that was painted.
function watch(wanted) {
  const look = () => {
    const known = document.querySelectorAll('.tile[aria-label*="queue"]').length;
    if (known < wanted) return void requestAnimationFrame(look);
    globalThis.benchBuiltMs = performance.now();
    // After the frame has been drawn; a task posted from a frame runs behind its paint.
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        globalThis.benchPaintedMs = performance.now();
        console.debug('bench: painted');
        requestAnimationFrame(lookBelow);
      };
      channel.port2.postMessage(0);
    });
  };
  const lookBelow = () => {
    if (document.querySelectorAll('.place .shape').length < wanted) return void requestAnimationFrame(lookBelow);
    globalThis.benchAllMs = performance.now();
  };
  requestAnimationFrame(look);
}

async function openPage(browser) {
  const context = await browser.newContext({viewport: {width: 1280, height: 800}, locale: 'en-GB'});
  const page = await context.newPage();
  await page.addInitScript(watch, stations);
  // Told, not looked for: to look, the driver would first put a large script of its own into the page.
  const painted = page.waitForEvent('console', {predicate: (m) => m.text() === 'bench: painted', timeout: 60000});
  await page.goto(url, {waitUntil: 'commit'});
  await painted;
  await page.waitForFunction(() => globalThis.benchAllMs > 0, null, {timeout: 60000});
  return page;
}

async function oneLoad(browser) {
  const page = await openPage(browser);
  const at = await page.evaluate(() => {
    const entries = performance.getEntriesByType('resource').map((e) => ({
      name: new URL(e.name).pathname, begin: Math.round(e.startTime), end: Math.round(e.responseEnd)}));
    return {painted: globalThis.benchPaintedMs, all: globalThis.benchAllMs, entries,
      first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
      html: performance.getEntriesByType('navigation')[0].responseEnd};
  });
  at.cpu_ms = await cpuMs(page);
  await page.context().close();
  return at;
}

// CPU of the page's process since its start.
async function cpuMs(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const {metrics} = await session.send('Performance.getMetrics');
  return 1000 * metrics.find((m) => m.name === 'ProcessTime').value;
}

async function emptyPageMs(browser) {
  const page = await (await browser.newContext()).newPage();
  await page.goto('about:blank');
  const ms = await cpuMs(page);
  await page.context().close();
  return ms;
}

// Frames of some seconds, and what the main thread did in them.
async function smoothness(browser) {
  const page = await openPage(browser);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  if (profile) {
    await session.send('Profiler.enable');
    await session.send('Profiler.start');
  }
  const busy = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]));
  const before = await busy();
  const times = await page.evaluate((span) => new Promise((done) => {
    const at = [];
    const frame = (t) => {
      at.push(t);
      if (t - at[0] < span * 1000) requestAnimationFrame(frame);
      else done(at);
    };
    requestAnimationFrame(frame);
  }), seconds);
  const after = await busy();
  if (profile) writeFileSync(profile, JSON.stringify((await session.send('Profiler.stop')).profile));
  const gaps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
  const wall = after.Timestamp - before.Timestamp;
  const task = {};
  for (const name of ['TaskDuration', 'ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'])
    task[name] = (after[name] - before[name]) / wall;
  await page.context().close();
  return {fps: (times.length - 1) / ((times.at(-1) - times[0]) / 1000), gap99: gaps[Math.floor(gaps.length * 0.99)],
    gap_most: gaps.at(-1), busy: task};
}

const browser = await chromium.launch({executablePath: program,
  args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none']});
try {
  await oneLoad(browser);  // the browser's own first time
  const all = [];
  for (let i = 0; i < loads; i++) {
    const empty = await emptyPageMs(browser), at = await oneLoad(browser);
    all.push({...at, cpu_ms: at.cpu_ms - empty});
  }
  console.log(JSON.stringify({version: browser.version(), loads: all, smooth: await smoothness(browser)}));
} finally {
  await browser.close();
}
