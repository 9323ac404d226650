// Parts of the page that need no browser.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {load} from './load.mjs';

const {columnsOf, pathsOf, layers, layOut, gravest, stateCode, stateNames, barsOf, shares} = await load('plots/columns.ts',
  'views/plant_paths.ts', 'line/layout.ts', 'state.ts', 'line/bars.ts');

test('columns put a null into every gap (T10)', () => {
  const c = columnsOf({name: 'x', unit: null, points: [[0, 1, 1, 1, 'good'], [10e6, 2, 2, 2, 'good']], gaps: [[2e6, 8e6]]});
  assert.deepEqual(c.mean, [1, null, 2]);
  assert.deepEqual(c.x, [0, 5, 10]);
});

test('paths are the values that a plant file has on one line', () => {
  const text = 'plant: a\nstations:\n  grind:\n    machines: 3  # three\n    fails:\n      - {name: x}\n    process: {g: 1 s}\n  wash:\n    process: 9 min\n';
  assert.deepEqual(pathsOf(text), [{path: 'plant', value: 'a'}, {path: 'stations.grind.machines', value: '3'}, {path: 'stations.wash.process', value: '9 min'}]);
});

const station = (name, next) => ({name, next, places: null, batch: null, mean_s: 1, machines: [{name}]});

test('stations stand in layers along the routes; a way back moves nothing', () => {
  const all = [station('a', ['b', 'c']), station('b', ['d']), station('c', ['d']), station('d', ['b', 'e']), station('e', [])];
  assert.deepEqual(layers(all), [0, 1, 1, 2, 3]);
});

test('no two stations overlap and none leaves the page, for any width', () => {
  const all = Array.from({length: 40}, (_, i) => station(`s${i}`, [...(i < 39 ? [`s${i + 1}`] : []), ...(i % 3 === 0 && i < 37 ? [`s${i + 2}`] : [])]));
  for (const width of [600, 900, 1248, 1900]) {
    const l = layOut(all, width);
    for (const [i, p] of l.places.entries()) {
      assert.ok(p.x >= 0 && p.x + l.tileWidth <= width && p.y >= 0 && p.y + 112 <= l.height, `${i} at ${width}`);
      for (const q of l.places.slice(i + 1)) assert.ok(Math.abs(p.x - q.x) >= l.tileWidth || Math.abs(p.y - q.y) >= 112, `${i} overlaps at ${width}`);
    }
  }
});

test('a group is named by its gravest state; what is not known is "unknown"', () => {
  const code = (name) => stateNames.indexOf(name);
  assert.equal(gravest([code('run'), code('down'), code('starved')]), code('down'));
  assert.equal(gravest([]), code('unknown'));
  assert.equal(stateCode('nonsense'), code('unknown'));
  assert.equal(stateCode(5), code('down'));
  assert.equal(stateCode(77), code('unknown'));
});

test('bars merge neighbours of one state and are cut to their span', () => {
  const bars = barsOf([{code: 0, from: 0}, {code: 0, from: 10}, {code: 5, from: 20}, {code: 0, from: 30}], 5, 40);
  assert.deepEqual(bars, [{code: 0, from: 5, to: 20}, {code: 5, from: 20, to: 30}, {code: 0, from: 30, to: 40}]);
  assert.deepEqual(shares(bars).map(([c, v]) => [c, Math.round(v * 35)]), [[0, 25], [5, 10]]);
});
