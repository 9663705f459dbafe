/** The results as Markdown: per data set a line an act, each tool's value, the ratio and its goal. */
import type { DataSetName } from './data-sets.ts';
import type { Act, ActResult, RoundResult } from './round.ts';
import type { ToolName } from './tools.ts';

export type Fact = 'wall' | 'added' | 'memory';

interface Line {
  readonly act: Act;
  readonly fact: Fact;
  /** Keepsake's share of restic's, at most. */
  readonly goal?: Readonly<Record<DataSetName, number>>;
}

/** The goals stand in docs/performance.md. */
const lines: readonly Line[] = [
  { act: 'first backup', fact: 'wall', goal: { A: 0.8, B: 1.0, C: 0.8 } },
  { act: 'first backup', fact: 'added', goal: { A: 1.05, B: 1.05, C: 1.5 } },
  { act: 'unchanged again', fact: 'wall', goal: { A: 0.5, B: 0.6, C: 0.6 } },
  { act: 'after a day', fact: 'wall', goal: { A: 0.5, B: 0.6, C: 0.6 } },
  { act: 'after a day', fact: 'added', goal: { A: 0.15, B: 0.25, C: 0.15 } },
  { act: 'after a day with 20 uploads', fact: 'wall' },
  { act: 'after a day with 20 uploads', fact: 'added', goal: { A: 0.4, B: 0.4, C: 0.4 } },
  { act: 'restore', fact: 'wall', goal: { A: 0.8, B: 1.0, C: 1.0 } },
  { act: 'check --read-data', fact: 'wall', goal: { A: 1.0, B: 1.0, C: 1.0 } },
  ...(
    ['first backup', 'unchanged again', 'after a day', 'restore', 'check --read-data'] as const
  ).map((act) => ({ act, fact: 'memory' as const })),
];

/** Every round of every tool on one data set, times and memory in rounds of their own. */
export type SetResults = ReadonlyMap<ToolName, readonly RoundResult[]>;

export function renderTable(set: DataSetName, results: SetResults): string {
  const names = [...results.keys()];
  const head = ['', ...names, 'keepsake / restic', 'goal'];
  const rows = lines
    .map((line) => renderLine(line, set, results))
    .filter((cells) => cells.slice(1, 1 + names.length).some((cell) => cell !== ''));
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function renderLine({ act, fact, goal }: Line, set: DataSetName, results: SetResults): string[] {
  const value = (tool: ToolName) => medianOf(results.get(tool) ?? [], act, fact);
  const cells = [...results.keys()].map((tool) => formatFact(value(tool), fact));
  const [ours, theirs] = [value('keepsake'), value('restic')];
  const ratio = ours === undefined || theirs === undefined ? undefined : ours / theirs;
  const aim = goal?.[set];
  return [
    `${act}, ${factNames[fact]}`,
    ...cells,
    ratio === undefined ? '' : ratio.toFixed(2),
    aim === undefined ? '' : `≤ ${aim}${judge(ratio, aim)}`,
  ];
}

const factNames = { wall: 'time', added: 'bytes stored', memory: 'peak memory' } as const;

function judge(ratio: number | undefined, goal: number): string {
  if (ratio === undefined) return '';
  return ratio <= goal ? ' met' : ' missed';
}

export function medianOf(rounds: readonly RoundResult[], act: Act, fact: Fact): number | undefined {
  const values = rounds
    .map((round) => factOf(round[act], fact))
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  const middle = values.length >> 1;
  if (values.length === 0) return undefined;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1]! + values[middle]!) / 2;
}

function factOf(result: ActResult | undefined, fact: Fact): number | undefined {
  if (result === undefined) return undefined;
  const measuresMemory = result.peakPssBytes !== undefined;
  if (fact === 'memory') return result.peakPssBytes;
  if (measuresMemory) return undefined; // its times are those of a run that was looked at
  return fact === 'wall' ? result.wallMs : result.addedBytes;
}

function formatFact(value: number | undefined, fact: Fact): string {
  if (value === undefined) return '';
  if (fact === 'wall') return `${(value / 1000).toFixed(2)} s`;
  if (value >= 1e7) return `${(value / 1e6).toFixed(0)} MB`;
  return value >= 1e5 ? `${(value / 1e6).toFixed(2)} MB` : `${(value / 1e3).toFixed(1)} kB`;
}
