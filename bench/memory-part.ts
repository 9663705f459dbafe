/** Peak memory where there is much: 4 GB, and 200,000 small files. Times do not count here. */
import { LOW_MEMORY_GOAL_BYTES, MEMORY_GOAL_BYTES, peakOf } from './compare-tables.ts';
import { describeData, type DataFacts } from './data-facts.ts';
import { estimateBytes, largeSets, scaleSet, TINY } from './data-sets.ts';
import { actsWithLowMemory } from './low-memory.ts';
import { canMeasureMemory } from './measure.ts';
import { renderTable, showBytes, showIf } from './numbers.ts';
import type { Job, Part, PartContext, Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import { runRound, type Act, type Round } from './round.ts';
import type { Settings } from './settings.ts';
import { keepsakeTool } from './tools.ts';
import { judge, type Verdict } from './verdict.ts';

export type MemoryName = keyof typeof largeSets;

const memoryActs = [
  'first backup',
  'unchanged again',
  'restore',
  'check --read-data',
] as const satisfies readonly Act[];

const setFor = (name: MemoryName, { tiny }: Settings) => scaleSet(largeSets[name], tiny ? TINY : 1);

export function memoryPart(name: MemoryName): Part {
  return {
    name,
    neededBytes: (settings) => estimateBytes(setFor(name, settings)) * 3.5,
    jobs: (context) => memoryJobs(name, context),
    render: (saved) => renderLargeMemory(name, saved),
  };
}

function memoryJobs(name: MemoryName, context: PartContext): Job[] {
  if (!canMeasureMemory()) return [];
  const app = () => context.provide(setFor(name, context.settings));
  const round = (acts: readonly Act[], lowMemory: boolean) => ({
    key: lowMemory ? 'keepsake with --low-memory' : 'keepsake',
    run: () =>
      context.workshop.withPlace(app(), name, (place) =>
        runRound({ tool: keepsakeTool, place, acts, memory: true, lowMemory }),
      ),
  });
  const about = { key: 'about', run: async () => describeData(app()) };
  const low = actsWithLowMemory(memoryActs, context.lowMemoryCommands);
  return [about, round(memoryActs, false), ...(low.length > 0 ? [round(low, true)] : [])];
}

export function renderLargeMemory(name: MemoryName, saved: SavedPart): Rendered {
  const { about, ...rest } = saved.entries;
  const rounds = Object.values(rest) as Round[];
  const { databaseBytes, uploads, uploadBytes } = about as DataFacts;
  const verdicts: Verdict[] = [];
  const modes = [false, true].filter((lowMemory) =>
    rounds.some((round) => round.lowMemory === lowMemory),
  );
  const rows = memoryActs.map((act) => {
    const cells = modes.flatMap((lowMemory) => {
      const value = peakOf(rounds, 'keepsake', { act, lowMemory });
      const goal = lowMemory ? LOW_MEMORY_GOAL_BYTES : MEMORY_GOAL_BYTES;
      const what = `${name}: ${act}${lowMemory ? ', `--low-memory`' : ''}`;
      const judged = judge(what, value, { goal, show: showBytes });
      verdicts.push(...judged.verdicts);
      return [showIf(value, showBytes), judged.text];
    });
    return [act, ...cells];
  });
  const count = uploads.toLocaleString('en');
  const title = `### Memory: ${showBytes(databaseBytes)} database, ${count} files of ${showBytes(uploadBytes)}`;
  const head = ['', ...modes.flatMap((low) => [low ? '`--low-memory`' : 'peak', 'goal'])];
  return { markdown: `${title}\n\n${renderTable(head, rows)}`, verdicts };
}
