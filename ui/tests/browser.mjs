// browser.mjs - Debian's Chromium for the tests, and pages that open the mock.
import {chromium} from 'playwright-core';
import {existsSync} from 'node:fs';
import {startMock} from '../mock/server.mjs';

const program = [process.env.LINESHAFT_CHROMIUM, '/usr/bin/chromium'].find((p) => p && existsSync(p));

export async function openBrowser() {
  if (!program) throw new Error('chromium is not there: scripts/setup test installs it');
  return chromium.launch({executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none']});
}

// A page of its own context; what the page throws or logs as an error makes `page.problems`.
export async function openPage(browser, url, {hash = '', lang = 'en', theme = 'light', width = 1280, height = 800, wall = false,
  wait = true, context = null, locale} = {}) {
  const own = context ?? await browser.newContext({viewport: {width, height}, reducedMotion: 'reduce', timezoneId: 'UTC', ...(locale ? {locale} : {})});
  const page = await own.newPage();
  page.problems = [];
  page.on('pageerror', (e) => page.problems.push(String(e)));
  page.on('console', (m) => m.type() === 'error' && page.problems.push(m.text()));
  const query = new URLSearchParams({...(locale ? {} : {lang}), theme, ...(wall ? {wall: '1'} : {})});
  await page.goto(`${url}?${query}${hash}`);
  if (wait) await page.waitForSelector('main .view');
  return page;
}

// What a thumb would miss: controls in sight that are less than 44 px high.
export const smallTargets = (page) => page.evaluate(() => [...document.querySelectorAll('button, a.button, nav a, select, input:not([type=checkbox])')]
  .filter((e) => e.offsetParent && !e.classList.contains('link') && e.getBoundingClientRect().height < 43).map((e) => e.outerHTML.slice(0, 80)));

// A page and a server of its own for one test; both end with it, however it ends: a server that is
// left behind would keep the test's process from ending.
export async function withPage(browser, options, act) {
  const mock = await startMock(options.mock);
  let page;
  try {
    page = await openPage(browser, mock.url, options);
    await act(page, mock);
  } finally {
    await page?.context().close();
    await mock.stop();
  }
}
