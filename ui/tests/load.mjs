// load.mjs - a module of the page, for tests without a browser.
import {build} from 'esbuild';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export async function load(...names) {
  const lines = names.map((name) => `export * from './${name}';`).join('\n');
  const made = await build({stdin: {contents: lines, resolveDir: join(root, 'src'), loader: 'ts'}, bundle: true, write: false,
    format: 'esm', jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'error'});
  globalThis.document ??= {documentElement: {dataset: {}}};
  return import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString('base64')}`);
}
