/**
 * How long a restore in place keeps its app from running, beside what the app itself takes to stop
 * and start. The app is a real process; its `systemctl` is the tests' stand-in.
 */
import { join } from 'node:path';
import { messages } from '../test/support/app-lab.ts';
import { ProtectedApp } from '../test/support/protected-app.ts';
import { startLabApp } from '../test/support/service-lab/start-lab-app.ts';
import { dataSets, estimateBytes, scaleSet, TINY } from './data-sets.ts';
import { median, renderTable, showIf, showMs } from './numbers.ts';
import type { Part, PartContext, Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import type { Settings } from './settings.ts';
import { judge } from './verdict.ts';

const DOWNTIME_GOAL_MS = 300;

export interface InPlaceTimes {
  readonly downtimeMs: number;
  readonly wallMs: number;
}

const setFor = ({ tiny }: Settings) => scaleSet(dataSets.A, tiny ? TINY : 1);

export const inPlacePart: Part = {
  name: 'in-place',
  /** What each restore moved aside stays. */
  neededBytes: (settings) => estimateBytes(setFor(settings)) * (settings.runs + 3),
  jobs: (context) => [{ key: 'restores', run: () => timeRestores(context) }],
  render: renderInPlace,
};

async function timeRestores({ settings, workshop }: PartContext): Promise<InPlaceTimes[]> {
  const { options: data } = setFor(settings);
  return workshop.withPlace('', 'in-place', async ({ round }) => {
    await using lab = new ProtectedApp(await startLabApp({ data, root: join(round, 'app') }));
    await lab.initQuickly();
    await lab.backUp();
    const times: InPlaceTimes[] = [];
    while (times.length < settings.runs) {
      await lab.app.addItem(`written since, ${times.length}`);
      times.push(await timeRestore(lab));
    }
    return times;
  });
}

async function timeRestore(lab: ProtectedApp): Promise<InPlaceTimes> {
  const result = await lab.keepsake(['--json', 'restore', 'latest', '--yes']);
  const [summary = {}] = messages(result, 'summary');
  return {
    downtimeMs: Number(summary['own_downtime']) * 1000,
    wallMs: Number(summary['total_duration']) * 1000,
  };
}

export function renderInPlace({ entries }: SavedPart): Rendered {
  const times = (entries['restores'] ?? []) as InPlaceTimes[];
  const downtimes = times.map(({ downtimeMs }) => downtimeMs);
  const middle = median(downtimes);
  const what = "in place, A: Keepsake's own share of the downtime";
  const judged = judge(what, middle, { goal: DOWNTIME_GOAL_MS, show: showMs });
  const rows = [
    [
      'from "stop returned" to "start issued"',
      showIf(middle, showMs),
      showMs(Math.max(...downtimes)),
      judged.text,
    ],
    ['the whole restore', showIf(median(times.map(({ wallMs }) => wallMs)), showMs), '', ''],
  ];
  const intro = `Data set A restored in place ${times.length} times while its app serves; the old files of each stay aside.`;
  const table = renderTable(['', 'median', 'most', 'goal'], rows);
  return { markdown: `### Restore in place\n\n${intro}\n\n${table}`, verdicts: judged.verdicts };
}
