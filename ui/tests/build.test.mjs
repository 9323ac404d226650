// What lies in src/web/assets is what the sources give (T25 with it).
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {root} from './load.mjs';

const kept = process.env.LINESHAFT_ASSETS ?? join(root, '../src/web/assets');

test('types are right', () => {
  const got = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', root], {encoding: 'utf8'});
  assert.equal(got.status, 0, got.stdout + got.stderr);
});

test('the page in the tree is the one that the sources give, byte for byte, and within its budget (T25)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lineshaft-page-'));
  try {
    execFileSync(process.execPath, [join(root, 'build.mjs'), folder], {encoding: 'utf8'});
    assert.deepEqual(readdirSync(kept).sort(), readdirSync(folder).sort(), 'run: cd ui && npm run build');
    for (const name of readdirSync(folder))
      assert.ok(readFileSync(join(folder, name)).equals(readFileSync(join(kept, name))), `${name} is not current: cd ui && npm run build`);
  } finally {
    rmSync(folder, {recursive: true});
  }
});

test('the page asks nothing of another host and stores nothing', () => {
  for (const name of readdirSync(kept).filter((n) => n !== 'licenses.txt')) {
    const text = readFileSync(join(kept, name), 'utf8').replaceAll(/http:\/\/www\.w3\.org\/[\w/.-]+/g, '');
    assert.doesNotMatch(text, /https?:\/\/|localStorage|sessionStorage|indexedDB|document\.cookie|serviceWorker/, name);
    assert.doesNotMatch(text, /\beval\(|new Function\(/, name);
  }
});
