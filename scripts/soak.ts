/**
 * `npm run soak`: the live and crash suites for hours instead of minutes, with fixed seeds. Results
 * are kept from run to run, and docs/soak.md is written anew from all of them after each piece.
 *
 *   npm run soak                                        all of it: 20,000 raw captures and the rest
 *   npm run soak -- --part captures-wal --from 0 --captures 5000        one piece
 *   npm run soak -- --seeds 1,2,3 --backups 300 --minutes 120           begin nothing after 2 hours
 *   npm run soak -- --fresh                             forget what was run before
 *   npm run soak -- --page                              only write docs/soak.md anew
 *   npm run soak -- --list                              the names of the parts
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { installTestTools } from './install-test-tools.ts';
import { runNode } from './run-vitest.ts';
import { SOAK_PARTS, type SoakPart } from './soak-parts.ts';
import { SoakRecord, soakPage, type Machine } from './soak-record.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Beside its page, so that no `npm ci` removes it. */
const record = new SoakRecord(`${root}/docs/soak.json`);

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    from: { type: 'string', default: '0' },
    captures: { type: 'string', default: '10000' },
    backups: { type: 'string', default: '300' },
    seeds: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
    fresh: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
});

function chosenParts(): readonly SoakPart[] {
  const names = values.part;
  if (names === undefined) return SOAK_PARTS;
  return names.map((name) => {
    const part = SOAK_PARTS.find((each) => each.name === name);
    if (part === undefined) throw new Error(`no part "${name}"; see --list`);
    return part;
  });
}

function runPart(part: SoakPart, seed: number): void {
  const startedAt = performance.now();
  const from = part.isCounted === true ? Number(values.from) : 0;
  const order = { seed, from, captures: Number(values.captures), backups: Number(values.backups) };
  console.log(`\n${part.name}, seed ${seed}${part.isCounted === true ? `, from ${from}` : ''}`);
  const { counts, wrong } = part.run(order);
  const minutes = (performance.now() - startedAt) / 60_000;
  const date = new Date().toISOString().slice(0, 10);
  const { name, what } = part;
  record.add({ part: name, what, seed, from, counts, wrong, minutes, date, commit: commit() });
  writePage();
  console.log(`${name}: ${JSON.stringify(counts)}, ${wrong} wrong, ${minutes.toFixed(1)} minutes`);
}

function writePage(): void {
  const names = SOAK_PARTS.map(({ name }) => name);
  writeFileSync(`${root}/docs/soak.md`, soakPage(record.runs, machine(), names));
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const changed = git('status', '--porcelain', '--', 'src', 'test').trim() !== '';
  return git('rev-parse', '--short', 'HEAD').trim() + (changed ? '+' : '');
}

function machine(): Machine {
  const processors = cpus();
  return {
    node: process.versions.node,
    sqlite: process.versions['sqlite'] ?? '',
    system: `Linux ${release()}`,
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
  };
}

function main(): void {
  if (values.list) {
    for (const { name, what } of SOAK_PARTS) console.log(`${name.padEnd(16)} ${what}`);
    return;
  }
  if (values.page) {
    writePage();
    return;
  }
  installTestTools();
  // Some tests start the program as its users do.
  if (runNode(['scripts/build.mjs']) !== 0) throw new Error('it could not be built');
  if (values.fresh) record.clear();
  const lastBeginMs = performance.now() + Number(values.minutes) * 60_000;
  for (const seed of values.seeds.split(',').map(Number)) {
    for (const part of chosenParts()) {
      if (performance.now() < lastBeginMs) runPart(part, seed);
    }
  }
  const wrong = record.runs.reduce((sum, run) => sum + run.wrong, 0);
  console.log(`\n${record.runs.length} pieces, ${wrong} wrong`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

main();
