/** Growth: what a file and a byte cost when there are 4 and 16 times as many. */
import { describeData } from './data-facts.ts';
import { dataSets, estimateBytes, scaleSet, TINY, type DataSet } from './data-sets.ts';
import {
  growthActs,
  growthSteps,
  type GrowthFacts,
  type GrowthName,
  type GrowthRound,
  type Step,
} from './growth-steps.ts';
import { renderGrowth } from './growth-tables.ts';
import type { Job, Part, PartContext } from './part.ts';
import { runRound } from './round.ts';
import type { Settings } from './settings.ts';
import { keepsakeTool } from './tools.ts';

const setFor = (name: GrowthName, factor: number, { tiny }: Settings): DataSet =>
  scaleSet(dataSets[name === 'growth-A' ? 'A' : 'C'], factor * (tiny ? TINY : 1));

export function growthPart(name: GrowthName): Part {
  return {
    name,
    neededBytes(settings) {
      const sizes = growthSteps[name].map(({ factor }) =>
        estimateBytes(setFor(name, factor, settings)),
      );
      return sizes.reduce((sum, one) => sum + one, 0) + 2.2 * Math.max(...sizes);
    },
    jobs: (context) => growthSteps[name].flatMap((step) => stepJobs(name, step, context)),
    render: (saved) => renderGrowth(name, saved),
  };
}

function stepJobs(name: GrowthName, { factor, runs }: Step, context: PartContext): Job[] {
  const app = () => context.provide(setFor(name, factor, context.settings));
  const about = {
    key: `${factor}×, about`,
    run: async (): Promise<GrowthFacts> => ({ factor, ...describeData(app()) }),
  };
  const rounds = Array.from({ length: Math.min(runs, context.settings.runs) }, (_, at) => ({
    key: `${factor}×, run ${at + 1}`,
    async run(): Promise<GrowthRound> {
      const round = await context.workshop.withPlace(app(), `${name}-${factor}`, (place) =>
        runRound({ tool: keepsakeTool, place, acts: growthActs, memory: false }),
      );
      return { factor, ...round };
    },
  }));
  return [about, ...rounds];
}
