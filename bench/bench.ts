/**
 * `npm run bench`: Keepsake against restic, borg and tar on the same data in the same run.
 *
 *   npm run bench -- [--sets A,B,C] [--tools restic,keepsake,borg,tar] [--runs 5] [--no-memory]
 *                    [--data FOLDER] [--output FILE.json]
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installBenchTools } from '../scripts/install-test-tools.ts';
import { copyDataSet, dataSets, provideDataSet, type DataSet } from './data-sets.ts';
import { describeMachine } from './machine.ts';
import { canMeasureMemory, measure } from './measure.ts';
import { runRound, type RoundResult } from './round.ts';
import { renderTable, type SetResults } from './table.ts';
import { initCommand, tools, type Place, type Tool, type ToolName } from './tools.ts';

interface Settings {
  readonly sets: readonly DataSet[];
  readonly tools: readonly Tool[];
  readonly runs: number;
  readonly memory: boolean;
  readonly data: string;
  readonly output: string | undefined;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      sets: { type: 'string', default: 'A,B,C' },
      tools: { type: 'string', default: 'restic,keepsake,borg,tar' },
      runs: { type: 'string', default: '5' },
      memory: { type: 'boolean', default: true },
      data: { type: 'string', default: join(tmpdir(), 'keepsake-bench') },
      output: { type: 'string' },
    },
  });
  return {
    sets: choose(dataSets, values.sets),
    tools: choose(tools, values.tools),
    runs: Number(values.runs),
    memory: values.memory && canMeasureMemory(),
    data: resolve(values.data),
    output: values.output,
  };
}

function choose<T extends { readonly name: string }>(all: readonly T[], list: string): T[] {
  return list.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new Error(`"${name}" is none of ${all.map((one) => one.name).join(', ')}`);
  });
}

async function preparePlace(work: string): Promise<Place> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const place = {
    app: join(work, 'app'),
    repository: join(work, 'repository'),
    home: join(work, 'home'),
    passwordFile: join(work, 'password'),
    emptyRepository: join(work, 'empty-repository'),
    serial: 0,
  };
  writeFileSync(place.passwordFile, 'correct horse battery staple\n', { mode: 0o600 });
  await measure(initCommand(place));
  return place;
}

/** Round by round through all tools, so that a slow spell of the machine meets all of them. */
async function runSet(set: DataSet, place: Place, settings: Settings): Promise<SetResults> {
  const original = provideDataSet(settings.data, set);
  copyDataSet(original, place.app);
  const results = new Map<ToolName, RoundResult[]>(settings.tools.map(({ name }) => [name, []]));
  const rounds = settings.runs + (settings.memory ? 1 : 0);
  for (let at = 0; at < rounds; at += 1) {
    const memory = at >= settings.runs;
    for (const tool of settings.tools) {
      console.error(`${set.name}: ${tool.name}, ${memory ? 'memory' : `run ${at + 1}`}`);
      const round = await runRound({ tool, place: { ...place, serial: 0 }, original, memory });
      results.get(tool.name)?.push(round);
    }
  }
  return results;
}

async function main(): Promise<void> {
  const settings = readSettings();
  if (!installBenchTools()) process.exit(1);
  const work = join(settings.data, 'work');
  const place = await preparePlace(work);
  const facts = await describeMachine(settings.data, place.emptyRepository, settings.tools);
  console.log(facts.join('\n'));
  console.log(
    `- medians of ${settings.runs} runs; memory is the summed PSS of all processes, in a run of its own`,
  );
  const raw: Record<string, unknown> = { facts };
  for (const set of settings.sets) {
    const results = await runSet(set, place, settings);
    raw[set.name] = Object.fromEntries(results);
    console.log(`\n### ${set.name}: ${set.title}\n\n${renderTable(set.name, results)}`);
  }
  if (settings.output !== undefined) {
    mkdirSync(dirname(settings.output), { recursive: true });
    writeFileSync(settings.output, `${JSON.stringify(raw, null, 2)}\n`);
  }
  rmSync(work, { recursive: true });
}

process.on('SIGTERM', () => process.exit(143));
process.on('SIGINT', () => process.exit(130));
await main();
