/**
 * `npm run mutate`: breaks each guarded line of `mutations.ts` in a copy of the tree and shows that
 * its test then fails, and that it passes as the tree is. The work tree is never touched.
 * Arguments select mutations by a part of their text: `npm run mutate -- "the index"`.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../test/support/run-program.ts';
import type { Mutation, NamedTest } from './mutation.ts';
import { mutations } from './mutations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const COPIED = [
  'bin',
  'package.json',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
];
const TEST_TIMEOUT_MS = 180_000;

interface TestCounts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

class Copy implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'keepsake-mutate-'));
  /** Tests that pass while nothing is broken. */
  readonly #sound = new Set<string>();

  constructor() {
    for (const name of COPIED) {
      cpSync(join(root, name), join(this.#folder, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** `undefined` when the test noticed; else what is wrong. */
  async judge({ file, text, replacement, test }: Mutation): Promise<string | undefined> {
    const path = join(this.#folder, file);
    const sound = readFileSync(path, 'utf8');
    if (sound.split(text).length !== 2) return `the text no longer stands once in ${file}`;
    if (!(await this.#isSound(test))) return 'its test does not pass as the tree is';
    writeFileSync(
      path,
      sound.replace(text, () => replacement),
    );
    try {
      const { numFailedTests } = await this.#run(test);
      return numFailedTests > 0 ? undefined : 'its test passes without it';
    } finally {
      writeFileSync(path, sound);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  async #isSound(test: NamedTest): Promise<boolean> {
    const key = JSON.stringify(test);
    if (this.#sound.has(key)) return true;
    const { numPassedTests, numFailedTests } = await this.#run(test);
    const isSound = numPassedTests > 0 && numFailedTests === 0;
    if (isSound) this.#sound.add(key);
    return isSound;
  }

  async #run({ file, title }: NamedTest): Promise<TestCounts> {
    const report = join(this.#folder, 'report.json');
    rmSync(report, { force: true });
    const project = /^test\/(\w+)\//.exec(file)?.[1] ?? 'unit*';
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const options = ['--reporter=json', `--outputFile=${report}`, '-t', RegExp.escape(title)];
    const argv = [process.execPath, vitest, 'run', '--project', project, file, ...options];
    // The copy is not built: what is broken is its source.
    const env = { KEEPSAKE_TEST_SOURCE: '1' };
    await runProgram(argv, { cwd: this.#folder, env, timeoutMs: TEST_TIMEOUT_MS });
    return JSON.parse(readFileSync(report, 'utf8')) as TestCounts;
  }
}

async function mutate(wanted: readonly string[]): Promise<number> {
  using copy = new Copy();
  let unnoticed = 0;
  for (const mutation of mutations) {
    const { rule, what, test } = mutation;
    if (wanted.length > 0 && !wanted.some((part) => what.includes(part))) continue;
    const problem = await copy.judge(mutation);
    console.log(`${problem === undefined ? 'noticed ' : 'UNNOTICED'} rule ${rule}: ${what}`);
    if (problem === undefined) continue;
    unnoticed += 1;
    console.log(`          ${problem}: ${test.file}, "${test.title}"`);
  }
  return unnoticed;
}

const unnoticed = await mutate(process.argv.slice(2));
console.log(unnoticed === 0 ? 'every broken line was noticed' : `${unnoticed} went unnoticed`);
process.exitCode = unnoticed === 0 ? 0 : 1;
