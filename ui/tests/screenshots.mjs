// screenshots.mjs - every view in both languages and both themes, into a folder (../docs/page unless
// another is named), from the mock's fixed data.
//
//   node tests/screenshots.mjs [FOLDER [PART OF A NAME]]
import {busyGuard} from '../mock/plant.mjs';
import {startMock} from '../mock/server.mjs';
import {openBrowser, openPage} from './browser.mjs';
import {smallPng} from './small_png.mjs';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const into = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../../docs/page');
mkdirSync(into, {recursive: true});
const mock = await startMock({frozen: true}), browser = await openBrowser(), shrinker = await browser.newPage();
const views = [['line', '#/line'], ['station', '#/line/grind'], ['decisions', '#/decisions/d-1207'], ['history', '#/history'], ['twin', '#/twin'], ['models', '#/models/wear'], ['plant', '#/plant']];
// `only`: part of the names to make, all without it.
const only = process.argv[3] ?? '';
async function shoot(name, options, act, at = mock) {
  if (!name.includes(only)) return;
  const page = await openPage(browser, at.url, options);
  await page.waitForTimeout(700);
  await act?.(page);
  await page.waitForTimeout(300);
  writeFileSync(join(into, `${name}.png`), await smallPng(shrinker, await page.screenshot()));
  if (page.problems.length) console.log(name, page.problems);
  await page.context().close();
}
for (const lang of ['en', 'ko']) for (const theme of ['light', 'dark']) {
  for (const [name, hash] of views) {
    await shoot(`${name}-${lang}-${theme}`, {hash, lang, theme, height: name === 'decisions' ? 1000 : name === 'models' ? 1900 : 860}, name === 'twin' ? async (p) => {
      await p.click('.whatif button.primary');
      await p.waitForSelector('.whatif-result');
    } : name === 'plant' ? async (p) => {
      await p.fill('textarea', (await p.inputValue('textarea')).replace('turn, grind', 'weldr, grind'));
      await p.waitForSelector('.file-errors');
    } : undefined);
  }
}
mock.stands = busyGuard(mock.wall());
const openGuard = async (p) => {
  await p.click('button.guard-chip');
  await p.waitForSelector('.guard-panel [data-deed=end-bypass]');
};
await shoot('guard-en-light', {hash: '#/line', height: 860}, openGuard);
await shoot('guard-ko-dark', {hash: '#/line', lang: 'ko', theme: 'dark', height: 860}, openGuard);
await shoot('phone-guard-ko-dark', {hash: '#/line', lang: 'ko', theme: 'dark', width: 390, height: 844}, openGuard);
mock.stands = [];
await shoot('phone-line-ko-light', {hash: '#/line', lang: 'ko', width: 390, height: 844});
await shoot('phone-decisions-en-dark', {hash: '#/decisions/d-1207', theme: 'dark', width: 390, height: 844});
await shoot('phone-models-ko-light', {hash: '#/models/wear', lang: 'ko', width: 390, height: 844}, (p) => p.evaluate(() => document.querySelector('.model .card:nth-child(2)').scrollIntoView()));
await shoot('wall-en-dark', {wall: true, theme: 'dark', width: 1920, height: 1080});
const pooled = await startMock({frozen: true, pool: {}});
for (const lang of ['en', 'ko']) for (const theme of ['light', 'dark'])
  await shoot(`pool-${lang}-${theme}`, {hash: '#/pool', lang, theme, height: 1500}, undefined, pooled);
await shoot('rack-en-light', {hash: '#/pool/rack28', height: 1500}, (p) => p.waitForSelector('.rack .nodes tbody tr'), pooled);
await shoot('rack-ko-dark', {hash: '#/pool/rack28', lang: 'ko', theme: 'dark', height: 1500}, (p) => p.waitForSelector('.rack .nodes tbody tr'), pooled);
await shoot('phone-pool-ko-light', {hash: '#/pool', lang: 'ko', width: 390, height: 844}, undefined, pooled);
await shoot('wall-pool-en-dark', {hash: '#/pool', wall: true, theme: 'dark', width: 1920, height: 1080}, undefined, pooled);
await pooled.stop();
await browser.close();
await mock.stop();
