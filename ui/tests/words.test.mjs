// Korean and English (T21).
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {root} from './load.mjs';

const words = async (lang) => (await import(`data:text/javascript,${encodeURIComponent(
  readFileSync(join(root, `src/words/${lang}.ts`), 'utf8').replace(/^import type.*$/m, '').replace(/satisfies \w+/, ''))}`)).default;
const all = async (lang) => ({...await words(lang), ...await words(`models_${lang}`), ...await words(`pool_${lang}`)});
const [english, korean] = [await all('en'), await all('ko')];

test('no word stands in both files of a language', async () => {
  const [page, ...parts] = [await words('en'), await words('models_en'), await words('pool_en')];
  for (const part of parts) assert.deepEqual(Object.keys(page).filter((key) => key in part), []);
  assert.deepEqual(Object.keys(parts[0]).filter((key) => key in parts[1]), []);
});

const places = (text) => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort().join();

test('both languages have the same keys and placeholders (T21)', () => {
  assert.deepEqual(Object.keys(korean).sort(), Object.keys(english).sort());
  for (const key of Object.keys(english)) assert.equal(places(korean[key]), places(english[key]), key);
});

test('no placeholder stands right before a particle that follows its sound (T21)', () => {
  for (const [key, text] of Object.entries(korean))
    assert.doesNotMatch(text, /\}(은|는|이|가|을|를|과|와|으로|로)(?![가-힣])/, key);
});

test('English is in sentence case without please and exclamation marks', () => {
  for (const [key, text] of Object.entries(english)) assert.doesNotMatch(text, /please|!/i, key);
});

test('every word that is there is used, and every one that is used is there', () => {
  const files = readdirSync(join(root, 'src'), {recursive: true}).filter((n) => /\.tsx?$/.test(n) && !n.startsWith('words'));
  const source = files.map((n) => readFileSync(join(root, 'src', n), 'utf8')).join('\n');
  const families = /^(state|row|kind|mode|role|term|measure|method|folder|review|lines|view|theme|note|keys|whatif|armed|deed|gpu|since|level|jobs|acts|gate|stage|what|drift|shadow|training|loss|model\.(state|label|truth|mode|promote|rollback|retrain))\b/;
  for (const key of Object.keys(english))
    assert.ok(families.test(key) || source.includes(`'${key}'`), `${key} is used nowhere`);
  for (const [, key] of source.matchAll(/\bt\('([a-z_.]+)'/g)) assert.ok(key in english, `${key} is missing`);
});

test('no particle of choice like 을(를) is shown', () => {
  for (const [key, text] of Object.entries(korean)) assert.doesNotMatch(text, /을\(를\)|이\(가\)|은\(는\)/, key);
});
