/** The tables of one comparison: per act each tool's value, the ratio and its goal. */
import type { DataFacts } from './data-facts.ts';
import type { DataSetName } from './data-sets.ts';
import { median, ratioOf, renderTable, showBytes, showIf, showMs, showRatio } from './numbers.ts';
import type { Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import type { Act, ActResult, Round } from './round.ts';
import { tools, type ToolName } from './tools.ts';
import { judge, type Verdict } from './verdict.ts';

export type Fact = 'wall' | 'added' | 'trees' | 'memory';

interface Line {
  readonly act: Act;
  readonly fact: Fact;
  /** Keepsake's share of restic's, at most. */
  readonly goal?: Readonly<Record<DataSetName, number>>;
}

const lines: readonly Line[] = [
  { act: 'first backup', fact: 'wall', goal: { A: 0.8, B: 1.0, C: 0.8 } },
  { act: 'first backup', fact: 'added', goal: { A: 1.05, B: 1.05, C: 1.5 } },
  { act: 'unchanged again', fact: 'wall', goal: { A: 0.5, B: 0.6, C: 0.6 } },
  { act: 'after a day', fact: 'wall', goal: { A: 0.5, B: 0.6, C: 0.6 } },
  { act: 'after a day', fact: 'added', goal: { A: 0.15, B: 0.25, C: 0.15 } },
  { act: 'restore', fact: 'wall', goal: { A: 0.8, B: 1.0, C: 1.0 } },
  { act: 'check --read-data', fact: 'wall', goal: { A: 1.0, B: 1.0, C: 1.0 } },
];

/** A flat folder of 17,135 files is listed anew for 20 of them: the trees stand apart. */
const uploadLines: readonly Line[] = [
  { act: 'after a day with 20 uploads', fact: 'wall' },
  { act: 'after a day with 20 uploads', fact: 'added', goal: { A: 0.4, B: 0.4, C: 0.4 } },
  { act: 'after a day with 20 uploads', fact: 'trees' },
];

const memoryActs = [
  'first backup',
  'unchanged again',
  'after a day',
  'restore',
  'check --read-data',
] as const satisfies readonly Act[];
export const lowMemoryActs = ['first backup', 'restore'] as const satisfies readonly Act[];

export const MEMORY_GOAL_BYTES = 200e6;
export const LOW_MEMORY_GOAL_BYTES = 128e6;

const factNames = {
  wall: 'time',
  added: 'bytes stored',
  trees: 'of these folder listings',
} as const;

export function renderComparison(name: DataSetName, saved: SavedPart): Rendered {
  const { about, ...rest } = saved.entries;
  const rounds = Object.values(rest) as Round[];
  const [days, uploads] = [lines, uploadLines].map((list) => renderLines(list, name, rounds));
  const memory = renderMemory(name, rounds);
  const markdown = [
    `### ${name}: ${describe(about as DataFacts)}`,
    days?.markdown,
    'A day with 20 new uploads:',
    uploads?.markdown,
    ...(memory === undefined ? [] : ['Peak memory:', memory.markdown]),
  ].join('\n\n');
  const verdicts = [days, uploads, memory].flatMap((table) => table?.verdicts ?? []);
  return { markdown, verdicts };
}

function describe({ databaseBytes, uploads, uploadBytes }: DataFacts): string {
  const count = uploads.toLocaleString('en');
  return `${showBytes(databaseBytes)} database, ${count} uploads of ${showBytes(uploadBytes)}`;
}

function renderLines(list: readonly Line[], set: DataSetName, rounds: readonly Round[]): Rendered {
  const names = toolsIn(rounds);
  const verdicts: Verdict[] = [];
  const rows = list.map(({ act, fact, goal }) => {
    const value = (tool: ToolName) => medianOf(rounds, tool, { act, fact });
    const ratio = ratioOf(value('keepsake'), value('restic'));
    const what = `${act}, ${factNames[fact as keyof typeof factNames]}`;
    const judged = judge(`${set}: ${what}`, ratio, { goal: goal?.[set], show: showShare });
    verdicts.push(...judged.verdicts);
    const show = fact === 'wall' ? showMs : showBytes;
    const cells = names.map((tool) => showIf(value(tool), show));
    return [what, ...cells, showIf(ratio, showRatio), judged.text];
  });
  const head = ['', ...names, 'keepsake / restic', 'goal'];
  return { markdown: renderTable(head, rows), verdicts };
}

/** `0.8`, `0.15`, `1.05`: a goal as it was set, a value with two digits. */
const showShare = (value: number): string => String(Number(value.toFixed(2)));

function renderMemory(set: DataSetName, rounds: readonly Round[]): Rendered | undefined {
  const names = toolsIn(rounds.filter(({ memory }) => memory));
  if (names.length === 0) return undefined;
  const verdicts: Verdict[] = [];
  const row = (act: Act, lowMemory: boolean) => {
    const value = (tool: ToolName) => peakOf(rounds, tool, { act, lowMemory });
    const what = `${act}${lowMemory ? ', `--low-memory`' : ''}`;
    const goal = lowMemory ? LOW_MEMORY_GOAL_BYTES : MEMORY_GOAL_BYTES;
    const judged = judge(`${set}: ${what}, memory`, value('keepsake'), { goal, show: showBytes });
    verdicts.push(...judged.verdicts);
    return [what, ...names.map((tool) => showIf(value(tool), showBytes)), judged.text];
  };
  const rows = [
    ...memoryActs.map((act) => row(act, false)),
    ...(rounds.some(({ lowMemory }) => lowMemory) ? lowMemoryActs : []).map((act) =>
      row(act, true),
    ),
  ];
  return { markdown: renderTable(['', ...names, 'goal'], rows), verdicts };
}

function toolsIn(rounds: readonly Round[]): ToolName[] {
  return tools.map(({ name }) => name).filter((name) => rounds.some(({ tool }) => tool === name));
}

/** Of the rounds that were not looked at for their memory. */
export function medianOf(
  rounds: readonly Round[],
  tool: ToolName,
  { act, fact }: { act: Act; fact: Fact },
): number | undefined {
  const values = rounds
    .filter((round) => round.tool === tool && !round.memory)
    .map((round) => factOf(round.acts[act], fact))
    .filter((value) => value !== undefined);
  return median(values);
}

export function peakOf(
  rounds: readonly Round[],
  tool: ToolName,
  { act, lowMemory }: { act: Act; lowMemory: boolean },
): number | undefined {
  const round = rounds.find(
    (one) => one.tool === tool && one.memory && one.lowMemory === lowMemory,
  );
  return round?.acts[act]?.peakPssBytes;
}

function factOf(result: ActResult | undefined, fact: Fact): number | undefined {
  if (fact === 'wall') return result?.wallMs;
  if (fact === 'added') return result?.addedBytes;
  return fact === 'trees' ? result?.addedTreeBytes : result?.peakPssBytes;
}
