// run.mjs - runs every *.test.mjs beside it with node's own runner and counts:
//
//   node tests/run.mjs [PART OF A NAME]
import {readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {run} from 'node:test';

const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs') && name.includes(process.argv[2] ?? '')).sort()
  .map((name) => join(here, name));
let passed = 0, failed = 0;
const stream = run({files, concurrency: 1, timeout: 300000 + 60000 * Number(process.env.PAGE_SOAK_MINUTES ?? 0)});
// A file is a test of its own to the runner; only what stands in it counts.
const isFile = (test) => files.includes(test.name) || test.name.endsWith('.test.mjs');
stream.on('test:pass', (test) => {
  if (isFile(test)) return;
  passed++;
  console.log(`ok   ${test.name} (${Math.round(test.details.duration_ms)} ms)`);
});
stream.on('test:fail', (test) => {
  const inner = test.details.error?.cause ?? test.details.error;
  if (isFile(test) && test.details.error?.failureType === 'subtestsFailed') return;
  failed++;
  console.log(`FAIL ${test.name}: ${inner?.stack ?? inner}`);
});
// Lines that begin with '#' are measurements.
stream.on('test:stdout', ({message}) => message.split('\n').filter((line) => line.startsWith('# ')).forEach((line) => console.log(line)));
stream.on('end', () => {
  if (passed + failed === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
});
stream.resume();
