// axe.mjs - what axe-core finds on a page, in lines to read.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {root} from './load.mjs';

const source = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

export async function axe(page) {
  if (!await page.evaluate('typeof axe === "object"')) await page.evaluate(source);
  const found = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n').slice(1, 2).join()}`));
}
