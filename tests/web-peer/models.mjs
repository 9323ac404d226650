// models.mjs - a person at the Models page of a service whose models serve: who serves is said, who runs in
// the shadow, gates, and that nothing was predicted yet; the policy for scripts holds.
//
//   node models.mjs URL TOKENS.json MODULES
//
// The service has the models `wear` (version 1 serves, 2 in its shadow) and `kind`, of classes (version 1), and
// has heard nothing. Prints what is wrong and `N passed, N failed`.
import {browse, text} from './browse.mjs';

const says = (page, selector, pattern) => page.waitForFunction(([s, p]) => new RegExp(p).test((document.querySelector(s)?.textContent ?? '').replaceAll('\u00a0', ' ')), [selector, pattern])
  .catch(async () => { throw new Error(`${selector} does not come to say /${pattern}/ but: ${await text(page, 'main')}`); });

await browse(process.argv.slice(2), async ({open, ask, check}) => {
  const page = await open('viewer', '#/models/wear');
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  await page.load();  // from its beginning, with what it says heard
  await says(page, '.model-list li:nth-child(1)', '^wearsoft sensorv1 serves · v2 in its shadow');
  await says(page, '.model-list li:nth-child(2)', '^kindqualityv1 serves');
  await says(page, '.model', 'Nothing was predicted');
  const {versions} = await ask('models/wear');
  await page.waitForFunction((n) => document.querySelectorAll('.versions summary').length === n, versions.length);
  const shown = await page.$$eval('.versions summary', (all) => all.map((s) => s.textContent));
  check(/^v2 challenger/.test(shown[0]) && /^v1 champion/.test(shown[1]), `versions: ${shown}`);
  check(await page.isDisabled('.model [data-deed=retrain]'), 'a viewer trains nothing');
  const {models} = await ask('models');
  check(JSON.stringify(models.map((m) => [m.objective, m.classes])) === '[["number",[]],["classes",["good","rework","scrap"]]]', JSON.stringify(models.map((m) => [m.objective, m.classes])));
  // Strict: own files alone, and it is the browser that keeps to it.
  const broken = await page.evaluate(() => new Promise((done) => {
    document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.reached = 1';
    document.head.append(script);
    setTimeout(() => done('nothing was broken'), 10000);
  }));
  check(/^script-src/.test(broken) && await page.evaluate(() => window.reached === undefined), `a script in the page: ${broken}`);
  const said = page.problems.filter((p) => !/Content Security Policy/.test(p) || !/script-src 'self'/.test(p));
  check(said.length === 0, `the page said: ${said}`);
});
