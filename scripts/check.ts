/** `npm run check`: everything short of the long tests, in under a minute, one line a check. */
import { fileURLToPath } from 'node:url';
import { mapConcurrent } from '../src/base/concurrency.ts';
import { runProgram } from '../test/support/run-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (path: string) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

interface Check {
  readonly name: string;
  /** For Node: a script and its arguments. */
  readonly argv: readonly string[];
}

/** The longest first, so that none of them is waited for alone at the end. */
const checks: readonly Check[] = [
  {
    name: 'unit tests',
    argv: [tool('vitest/vitest.mjs'), 'run', '--project=unit*', '--reporter=minimal'],
  },
  {
    name: 'format',
    argv: [
      tool('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--cache-strategy=content',
      '.',
    ],
  },
  { name: 'types', argv: [tool('typescript/bin/tsc'), '-p', 'tsconfig.json'] },
  { name: 'lint', argv: [tool('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'dead code', argv: [tool('knip/bin/knip.js')] },
  { name: 'layers', argv: ['scripts/check-layers.ts'] },
  { name: 'generated docs', argv: ['scripts/generate-docs.ts', '--check'] },
];

/** `undefined` when all is well, else what the tool said. */
async function runCheck({ name, argv }: Check): Promise<string | undefined> {
  const startedAt = performance.now();
  const { exitCode, stdout, stderr } = await runProgram([process.execPath, ...argv], {
    cwd: root,
    env: { NO_COLOR: '1' },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${exitCode === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${seconds.padStart(5)} s`);
  return exitCode === 0 ? undefined : `\n--- ${name}\n${stdout.trim()}\n${stderr.trim()}`;
}

let failures = 0;
for await (const failure of mapConcurrent(checks, runCheck, { limit: 2 })) {
  if (failure === undefined) continue;
  failures += 1;
  console.error(failure);
}
console.log(failures === 0 ? 'all checks passed' : `${failures} of ${checks.length} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
