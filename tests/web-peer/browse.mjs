// browse.mjs - Debian's Chromium at a service that really runs, and what is checked there.
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const patienceMs = 60000;

// Runs `act` with a browser at the service; prints what is wrong and `N passed, N failed`.
export async function browse([url, tokensPath, modules], act) {
  const {chromium} = createRequire(`${modules}/`)('playwright-core');
  const tokens = JSON.parse(readFileSync(tokensPath, 'utf8'));
  const program = [process.env.LINESHAFT_CHROMIUM, '/usr/bin/chromium'].find((path) => path && existsSync(path));
  if (!program) throw new Error('chromium is not there: scripts/setup test installs it');
  let passed = 0, failed = 0;
  const check = (fine, what) => {
    if (fine) return void passed++;
    failed++;
    console.log(`FAIL ${what}`);
  };
  const browser = await chromium.launch({executablePath: program, args: ['--no-sandbox', '--disable-gpu']});
  // A browser of one person, who opened the address with that role's token.
  const open = async (role, hash) => {
    const context = await browser.newContext({viewport: {width: 1280, height: 860}, reducedMotion: 'reduce', timezoneId: 'UTC'});
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    page.problems = [];
    page.on('pageerror', (error) => page.problems.push(String(error)));
    // Each load goes through the token's address, which sets the cookie and leads to the page.
    page.load = async () => {
      await page.goto(`${url}/?token=${tokens[role]}`);
      await page.goto(`${url}/?lang=en${hash}`);
      await page.waitForSelector('main .view');
    };
    await page.load();
    return page;
  };
  const ask = async (path) => (await fetch(`${url}/api/v1/${path}`, {headers: {Authorization: `Bearer ${tokens.engineer}`}})).json();
  const tell = async (path, body) => {
    const answer = await fetch(`${url}/api/v1/${path}`, {method: 'POST', body: JSON.stringify(body),
      headers: {Authorization: `Bearer ${tokens.operator}`, 'Content-Type': 'application/json'}});
    const said = await answer.json();
    check(answer.ok || answer.status === 409, `POST ${path}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  };
  try {
    await act({open, ask, tell, check});
  } catch (error) {
    check(false, error.stack);
  } finally {
    await browser.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

export const text = async (page, selector) => (await page.textContent(selector)).replaceAll('\u00a0', ' ');
