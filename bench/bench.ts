/**
 * `npm run bench`: Keepsake against restic, borg and tar on the same data in the same run, and by
 * itself where data grows or memory counts. `usage` in settings.ts has the flags.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installBenchTools } from '../scripts/install-test-tools.ts';
import { runProgramOk } from '../test/support/run-program.ts';
import { provideDataSet } from './data-sets.ts';
import {
  describeCommit,
  describeMachine,
  describeSitting,
  hashBuild,
  lookAround,
} from './machine.ts';
import type { PartContext } from './part.ts';
import { findLowMemoryCommands } from './low-memory.ts';
import { partNames } from './part-names.ts';
import { parts } from './parts.ts';
import { renderReport, replaceBetweenMarkers } from './report.ts';
import { mergeSaved, readPart, writePart, type Origin, type Sitting } from './result-file.ts';
import { runPart } from './run-part.ts';
import { readSettings, usage, type Settings } from './settings.ts';
import { assertFreeSpace, removeWork, Workshop } from './workshop.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (line: string) => console.error(line);

/** More is to be done than the time limit allowed (EX_TEMPFAIL of sysexits.h). */
const UNFINISHED = 75;

const resultsFolder = ({ data, tiny }: Settings) => join(data, tiny ? 'results-tiny' : 'results');

async function measureParts(settings: Settings): Promise<void> {
  const deadlineMs = performance.now() + settings.limitMs;
  if (!installBenchTools()) process.exit(1);
  const workshop = await Workshop.open(settings.data);
  const sitting = await lookAround(workshop.folder); // before the build, which is work, too
  say(describeSitting(sitting));
  await runProgramOk([process.execPath, 'scripts/build.mjs'], { cwd: root });
  const origin = {
    build: hashBuild(),
    commit: await describeCommit(),
    facts: await describeMachine(settings.data, workshop.emptyRepository),
    runs: settings.runs,
  };
  const context = {
    settings,
    workshop,
    lowMemoryCommands: await findLowMemoryCommands(),
    provide: (set) => provideDataSet(settings.data, set),
  } satisfies PartContext;
  for (const name of settings.parts) {
    if (await measurePart(name, { context, origin, sitting, deadlineMs })) continue;
    say('The time limit is reached: run the same command again to carry on.');
    process.exitCode = UNFINISHED;
    return;
  }
  if (!settings.keep) removeWork(settings.data);
}

interface PartRun {
  readonly context: PartContext;
  readonly origin: Origin;
  readonly sitting: Sitting;
  readonly deadlineMs: number;
}

async function measurePart(
  name: (typeof partNames)[number],
  { context, origin, sitting, deadlineMs }: PartRun,
): Promise<boolean> {
  const { settings } = context;
  const folder = resultsFolder(settings);
  const old = settings.fresh ? undefined : readPart(folder, name);
  const begun = mergeSaved(old, name, { origin, sitting });
  const jobs = parts[name].jobs(context);
  if (jobs.every(({ key }) => Object.hasOwn(begun.entries, key))) {
    say(`${name}: measured already for this build; --fresh measures it anew`);
    return true;
  }
  assertFreeSpace(settings.data, parts[name].neededBytes(settings), name);
  const saved = await runPart(begun, jobs, {
    save: (one) => writePart(folder, one),
    say,
    now: () => performance.now(),
    deadlineMs,
  });
  if (Object.keys(saved.entries).length > 0) {
    console.log(`\n${parts[name].render(saved).markdown}`);
  }
  return saved.complete;
}

async function writeReport(settings: Settings): Promise<void> {
  const saved = partNames
    .map((name) => readPart(resultsFolder(settings), name))
    .filter((one) => one !== undefined);
  if (saved.length === 0) throw new Error('nothing is measured yet: npm run bench');
  const document = readFileSync(settings.doc, 'utf8');
  writeFileSync(settings.doc, replaceBetweenMarkers(document, renderReport(saved, parts)));
  const prettier = join(root, 'node_modules/prettier/bin/prettier.cjs');
  await runProgramOk([process.execPath, prettier, '--write', settings.doc], { cwd: root });
  say(`written: ${settings.doc}`);
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    return;
  }
  const settings = readSettings(args);
  if (settings.action === 'clean') removeWork(settings.data);
  else if (settings.action === 'report') await writeReport(settings);
  else await measureParts(settings);
}

process.on('SIGTERM', () => process.exit(143));
process.on('SIGINT', () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
