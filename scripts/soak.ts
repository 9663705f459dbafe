/**
 * `npm run soak`: the live suite for hours instead of minutes, with fixed seeds. The last result
 * stands in docs/soak.md. Arguments: `--captures N --backups N --seeds 1,2,3`.
 */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { installTestTools } from './install-test-tools.ts';
import { runNode, runVitest } from './run-vitest.ts';
import type { TestResult } from './test-result.ts';

interface SoakRun extends TestResult {
  readonly seed: number;
  readonly minutes: number;
}

const { values } = parseArgs({
  options: {
    captures: { type: 'string', default: '2000' },
    backups: { type: 'string', default: '500' },
    seeds: { type: 'string', default: '1,2,3' },
  },
});

function soak(seed: number): SoakRun {
  const startedAt = performance.now();
  const result = runVitest(['--project', 'live', '--testTimeout=0', '--hookTimeout=0'], {
    ...process.env,
    KEEPSAKE_SOAK_CAPTURES: values.captures,
    KEEPSAKE_SOAK_BACKUPS: values.backups,
    KEEPSAKE_SOAK_SEED: String(seed),
  });
  return { ...result, seed, minutes: (performance.now() - startedAt) / 60_000 };
}

function page(runs: readonly SoakRun[]): string {
  const rows = runs.map(
    ({ seed, passed, failed, skipped, minutes }) =>
      `| ${seed} | ${passed} | ${failed} | ${skipped} | ${minutes.toFixed(1)} |`,
  );
  return [
    '# Soak',
    '',
    'The last result of `npm run soak`: hostile writers, random checkpoints and kills, for each journal mode ' +
      `${values.captures} captures of a database and ${values.backups} whole backups a seed.`,
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, Linux ${release()}, ${cpus().length} cores.`,
    '',
    '| seed | passed | failed | skipped | minutes |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

installTestTools();
if (runNode(['scripts/build.mjs']) !== 0) process.exit(1);
const runs = values.seeds.split(',').map((seed) => soak(Number(seed)));
writeFileSync(fileURLToPath(new URL('../docs/soak.md', import.meta.url)), page(runs));
const failed = runs.reduce((sum, run) => sum + run.failed, 0);
const passed = runs.reduce((sum, run) => sum + run.passed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
