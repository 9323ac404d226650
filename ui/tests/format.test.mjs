// Numbers, units and times in both languages.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {load} from './load.mjs';

const f = await load('format.ts', 'i18n.ts');

test('numbers have three significant digits, commas and the true minus', async () => {
  await f.loadLang('en');
  assert.equal(f.num(260000), '260,000');
  assert.equal(f.num(-1234.5), '\u22121,235');
  assert.equal(f.num(0.012345), '0.0123');
  assert.equal(f.num(2.1), '2.10');
  assert.equal(f.num(64), '64');
  assert.equal(f.num(null), '–');
  assert.equal(f.decimals(-0.04, 1, true), '0.0');
  assert.equal(f.percent(0.0834, 1), '8.3\u00a0%');
});

test('an interval names its kind and level, with no more digits than it justifies (T11)', async () => {
  await f.loadLang('en');
  assert.equal(f.interval(2.1, 0.8, 3.4, 'parts/h'), '+2.1\u00a0parts/h (95\u00a0% CI +0.8 to +3.4)');
  assert.equal(f.interval(45, 38, 52), '+45 (95\u00a0% CI +38 to +52)');
  assert.equal(f.interval(0.4, -0.9, 1.7), '+0.4 (95\u00a0% CI \u22120.9 to +1.7)');
  await f.loadLang('ko');
  assert.equal(f.interval(2.1, 0.8, 3.4, 'parts/h'), '+2.1개/h(95% 신뢰구간 +0.8 ~ +3.4)');
});

test('times are of 24 hours in both languages', async () => {
  const us = Date.UTC(2026, 10, 23, 14, 7, 9) * 1000;
  await f.loadLang('ko');
  assert.equal(f.stamp(us), '2026-11-23 14:07:09');
  assert.equal(f.shortStamp(us), '11월 23일 14:07');
  assert.equal(f.ago(us - 42e6, us), '42초 전');
  assert.equal(f.duration(62), '62초');
  await f.loadLang('en');
  assert.equal(f.shortStamp(us), '23 Nov 14:07');
  assert.equal(f.ago(us - 42e6, us), '42\u00a0s ago');
  assert.equal(f.ago(us - 2 * 86400e6, us), '21 Nov 14:07');
  assert.equal(f.duration(1080), '18\u00a0min');
  assert.equal(f.duration(14400), '4\u00a0h');
});
