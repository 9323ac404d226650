// Contrast and distance of the colours (T4).
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test} from 'node:test';
import {root} from './load.mjs';
import {ciede2000, contrast, seen, sights, tokens} from './palette.mjs';

const themes = tokens(join(root, 'src/style/tokens.css'));
const states = ['run', 'starved', 'blocked', 'setup', 'waiting', 'down', 'pm'];

test('CIEDE2000 gives the published pairs', () => {  // Sharma et al., table 1, pairs 1, 7 and 25
  assert.ok(Math.abs(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485]) - 2.0425) < 1e-4);
  assert.ok(Math.abs(ciede2000([50, 0, 0], [50, -1, 2]) - 2.3669) < 1e-4);
  assert.ok(Math.abs(ciede2000([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387]) - 1.2644) < 1e-4);
});

for (const [theme, t] of Object.entries(themes)) {
  test(`${theme}: any two states differ by 15 or more to every eye (T4)`, () => {
    for (const sight of Object.keys(sights)) for (const a of states) for (const b of states) {
      if (a >= b) continue;
      const d = ciede2000(seen(t[`st-${a}`], sight), seen(t[`st-${b}`], sight));
      assert.ok(d >= 15, `${sight}: ${a} and ${b} differ by ${d.toFixed(1)}`);
    }
  });
  test(`${theme}: states stand out from their ground by 3, marks on them by 3, text by 4.5 (T4)`, () => {
    for (const s of states) for (const ground of ['surface', 'page'])
      assert.ok(contrast(t[`st-${s}`], t[ground]) >= 3, `${s} on ${ground}: ${contrast(t[`st-${s}`], t[ground]).toFixed(2)}`);
    for (const s of ['starved', 'blocked', 'setup', 'waiting', 'down'])
      assert.ok(contrast(t[`st-${s}`], t[`ink-${s}`]) >= 4.5, `ink on ${s}: ${contrast(t[`st-${s}`], t[`ink-${s}`]).toFixed(2)}`);
    for (const name of ['text', 'text2', 'text3', 'accent']) for (const ground of ['surface', 'page', 'sunk'])
      assert.ok(contrast(t[name], t[ground]) >= 4.5, `${name} on ${ground}: ${contrast(t[name], t[ground]).toFixed(2)}`);
    for (const [name, ground] of [['error', 'error-ground'], ['warning', 'warning-ground'], ['on-accent', 'accent'], ['error', 'surface'], ['good', 'surface']])
      assert.ok(contrast(t[name], t[ground]) >= 4.5, `${name} on ${ground}`);
    assert.ok(contrast(t.control, t.surface) >= 3 && contrast(t.control, t.page) >= 3);
  });
}
