/**
 * `npm run docs` writes what of docs/ follows from the code; with `--check` it only says which pages
 * are out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withReference } from '../src/config/config-reference.ts';
import { renderErrorDocs } from './error-docs.ts';
import { renderWasmCode } from './wasm/wasm-code.ts';

interface Page {
  readonly path: string;
  /** What it should hold, given what it holds now. */
  readonly render: (present: string) => string;
}

const pages: readonly Page[] = [
  { path: 'docs/errors.md', render: () => renderErrorDocs() },
  { path: 'docs/configuration.md', render: withReference },
  { path: 'src/format/wasm-code.ts', render: () => renderWasmCode() },
];

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

function readPage(path: string): string {
  return existsSync(at(path)) ? readFileSync(at(path), 'utf8') : '';
}

/** The pages whose file is not what the code says. */
export function findStalePages(): string[] {
  return pages
    .filter(({ path, render }) => render(readPage(path)) !== readPage(path))
    .map(({ path }) => path);
}

function writePages(): void {
  const stale = findStalePages();
  for (const { path, render } of pages) writeFileSync(at(path), render(readPage(path)));
  console.log(stale.length === 0 ? 'nothing had changed' : `written: ${stale.join(', ')}`);
}

function checkPages(): void {
  const stale = findStalePages();
  if (stale.length === 0) return;
  console.error(`out of date: ${stale.join(', ')}. Run: npm run docs`);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) checkPages();
  else writePages();
}
