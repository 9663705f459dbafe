/** Parts A, B and C: all tools on one data set, round by round. */
import { lowMemoryActs, renderComparison } from './compare-tables.ts';
import { describeData } from './data-facts.ts';
import { dataSets, estimateBytes, scaleSet, TINY, type DataSetName } from './data-sets.ts';
import { actsWithLowMemory } from './low-memory.ts';
import { canMeasureMemory } from './measure.ts';
import { rotate } from './numbers.ts';
import type { Job, Part, PartContext } from './part.ts';
import { acts, runRound, type Act } from './round.ts';
import type { Settings } from './settings.ts';
import { keepsakeTool, type Tool } from './tools.ts';

/** Of a slow tool. */
const SLOW_RUNS = 3;

const setFor = (name: DataSetName, { tiny }: Settings) => scaleSet(dataSets[name], tiny ? TINY : 1);

export function comparePart(name: DataSetName): Part {
  return {
    name,
    neededBytes: (settings) => estimateBytes(setFor(name, settings)) * 6,
    jobs: (context) => compareJobs(name, context),
    render: (saved) => renderComparison(name, saved),
  };
}

function compareJobs(name: DataSetName, context: PartContext): Job[] {
  const { settings } = context;
  const app = () => context.provide(setFor(name, settings));
  const about = { key: 'about', run: async () => describeData(app()) };
  return [about, ...timeJobs(app, context), ...(settings.memory ? memoryJobs(app, context) : [])];
}

/** Round by round through all tools, so that a slow spell of the machine meets all of them. */
function timeJobs(app: () => string, { settings, workshop }: PartContext): Job[] {
  return Array.from({ length: settings.runs }, (_, at) =>
    rotate(settings.tools, at)
      .filter(({ isSlow = false }) => !isSlow || at < SLOW_RUNS)
      .map((tool) => ({
        key: `${tool.name}, run ${at + 1}`,
        run: () =>
          workshop.withPlace(app(), tool.name, (place) =>
            runRound({ tool, place, acts, memory: false }),
          ),
      })),
  ).flat();
}

function memoryJobs(app: () => string, context: PartContext): Job[] {
  if (!canMeasureMemory()) return [];
  const { settings, workshop, lowMemoryCommands } = context;
  const job = (tool: Tool, { acts, lowMemory }: { acts: readonly Act[]; lowMemory: boolean }) => ({
    key: `${tool.name}, memory${lowMemory ? ' with --low-memory' : ''}`,
    run: () =>
      workshop.withPlace(app(), tool.name, (place) =>
        runRound({ tool, place, acts, memory: true, lowMemory }),
      ),
  });
  const quick = settings.tools.filter(({ isSlow = false }) => !isSlow);
  const jobs = quick.map((tool) => job(tool, { acts, lowMemory: false }));
  const low = actsWithLowMemory(lowMemoryActs, lowMemoryCommands);
  const wanted = low.length > 0 && settings.tools.includes(keepsakeTool);
  return wanted ? [...jobs, job(keepsakeTool, { acts: low, lowMemory: true })] : jobs;
}
