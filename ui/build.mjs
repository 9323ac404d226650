// build.mjs - builds the page into a folder, ../src/web/assets unless another is named.
//
//   node build.mjs [FOLDER]
//
// The same sources give the same bytes: names carry no hashes, and nothing of this machine goes in.
// Fails when the page has grown over its budget (docs/PAGE.md, T25).
import {build} from 'esbuild';
import {copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const into = process.argv[2] ?? join(here, '../src/web/assets');

// Bytes after gzip -9. `script` is all of it but the languages, of which a reader loads one.
export const budget = {script: 80e3, first: 45e3, style: 8e3, language: 14e3, total: 110e3};

mkdirSync(into, {recursive: true});
for (const old of readdirSync(into)) rmSync(join(into, old), {recursive: true});

// What several parts use gets a name of its own here, by what is in it.
const shared = {'src/shell.tsx': 'chunk', 'node_modules/uplot/dist/uPlot.esm.js': 'plots'};

// uPlot hangs all that it can draw on itself, so the bundler has to keep it. What the page draws nothing
// with is taken off here, and the code behind it falls away.
const undrawn = ['uPlot.join = join;', '(paths.bars    = bars);', '(paths.spline  = monotoneCubic);'];
const slimPlots = {
  name: 'slim-plots',
  setup: (it) => it.onLoad({filter: /uPlot\.esm\.js$/}, ({path}) => {
    let contents = readFileSync(path, 'utf8');
    for (const line of undrawn) {
      if (contents.split(line).length !== 2) throw new Error(`build.mjs: uPlot has not once: ${line}`);
      contents = contents.replace(line, '');
    }
    return {contents};
  }),
};

const built = await build({
  absWorkingDir: here,
  plugins: [slimPlots],
  entryPoints: {app: 'src/main.tsx'},
  outdir: into,
  bundle: true,
  splitting: true,
  write: false,
  metafile: true,
  format: 'esm',
  chunkNames: '[name]-[hash]',
  minify: true,
  target: ['es2022'],
  charset: 'utf8',
  legalComments: 'none',  // they stand in licenses.txt
  logLevel: 'warning',
});
// Hashes would tell files of one name apart; ours have names.
const named = new Map(Object.entries(built.metafile.outputs).map(([path, {entryPoint, inputs}]) => {
  const hashed = basename(path), inside = Object.keys(shared).find((input) => input in inputs);
  if (!entryPoint && !inside) throw new Error(`build.mjs has no name for what holds ${Object.keys(inputs).join(', ')}`);
  return [hashed, entryPoint ? hashed.replace(/-[A-Z0-9]{8}\.js$/, '.js') : `${shared[inside]}.js`];
}));
if (new Set(named.values()).size !== named.size) throw new Error('build.mjs gives two files one name');
for (const {path, text} of built.outputFiles)
  writeFileSync(join(into, named.get(basename(path))),
    text.replace(/"\.\/([\w-]+\.js)"/g, (whole, hashed) => named.has(hashed) ? `"./${named.get(hashed)}"` : whole));
await build({
  absWorkingDir: here,
  entryPoints: {app: 'src/style/app.css'},
  outdir: into,
  bundle: true,
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
});
for (const name of ['index.html', 'icon.svg']) copyFileSync(join(here, 'src', name), join(into, name));
const parts = ['preact', 'uplot'].map((name) =>
  `${name}\n\n${readFileSync(join(here, 'node_modules', name, 'LICENSE'), 'utf8').trim()}\n`);
writeFileSync(join(into, 'licenses.txt'),
  `The script of this page contains these libraries.\n\n${parts.join('\n')}`);

const size = (name) => gzipSync(readFileSync(join(into, name)), {level: 9}).length;
const scripts = readdirSync(into).filter((name) => name.endsWith('.js'));
const languages = scripts.filter((name) => /^(models_|pool_)?(en|ko)\.js$/.test(name));
const later = ['close_up.js', 'plots.js', 'pool.js', 'views.js'];  // of script, what the first view does without
const sum = (names) => names.reduce((total, name) => total + size(name), 0);
const language = Math.max(...['en.js', 'ko.js'].map((end) => sum(languages.filter((name) => name.endsWith(end)))));
const sizes = {
  script: sum(scripts.filter((name) => !languages.includes(name))),
  first: sum(scripts.filter((name) => !languages.includes(name) && !later.includes(name))),
  style: size('app.css'),
  language,
  total: 0,
};
sizes.total = sizes.script + language + sizes.style + size('index.html') + size('icon.svg');
let over = false;
for (const [what, bytes] of Object.entries(sizes)) {
  console.log(`${what.padEnd(9)} ${String(bytes).padStart(7)} of ${budget[what]} bytes (gzip)`);
  over ||= bytes > budget[what];
}
if (over) {
  console.error('build: error: the page is over its budget');
  process.exit(1);
}
