/** How long a command takes that has next to nothing to do. */
import { keepsakeArgv } from '../test/support/keepsake.ts';
import { runProgram } from '../test/support/run-program.ts';
import { measure } from './measure.ts';
import { median, ratioOf, renderTable, showIf, showMs, showRatio } from './numbers.ts';
import type { Part, Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import { judge, type Verdict } from './verdict.ts';

const TIMES = 20;
const BARE_NODE = 'node -e 0';
const VERSION = 'keepsake --version';
const VERSION_GOAL = 2;

const commands: readonly (readonly [name: string, argv: readonly string[]])[] = [
  [BARE_NODE, [process.execPath, '-e', '0']],
  [VERSION, keepsakeArgv(['--version'])],
  ['keepsake --help', keepsakeArgv(['--help'])],
  ['keepsake status', keepsakeArgv(['status'])],
  ['restic version', ['restic', 'version']],
];

export interface StartTimes {
  readonly command: string;
  readonly wallMs: readonly number[];
}

export const startupPart: Part = {
  name: 'startup',
  neededBytes: () => 0,
  jobs: ({ settings }) => [{ key: 'times', run: () => timeStarts(settings.tiny ? 3 : TIMES) }],
  render: renderStartup,
};

async function timeStarts(times: number): Promise<StartTimes[]> {
  const working = [];
  for (const [command, argv] of commands) {
    const { exitCode } = await runProgram(argv);
    if (exitCode === 0) working.push({ command, argv, wallMs: [] as number[] });
  }
  for (let at = 0; at < times; at += 1) {
    for (const { argv, wallMs } of working) wallMs.push((await measure({ argv })).wallMs);
  }
  return working.map(({ command, wallMs }) => ({ command, wallMs }));
}

export function renderStartup({ entries }: SavedPart): Rendered {
  const all = (entries['times'] ?? []) as StartTimes[];
  const bare = median(all.find(({ command }) => command === BARE_NODE)?.wallMs ?? []);
  const verdicts: Verdict[] = [];
  const rows = all.map(({ command, wallMs }) => {
    const middle = median(wallMs);
    const ratio = ratioOf(middle, bare);
    const goal = command === VERSION ? VERSION_GOAL : undefined;
    const judged = judge(`start: ${command}`, ratio, { goal, show: showRatio });
    verdicts.push(...judged.verdicts);
    return [
      `\`${command}\``,
      showMs(Math.min(...wallMs)),
      showIf(middle, showMs),
      showIf(ratio, showRatio),
      judged.text,
    ];
  });
  const head = ['', 'least', 'median', 'median / node', 'goal'];
  const times = all[0]?.wallMs.length ?? 0;
  const intro = `Each ${times} times, in turn. A command that this build does not have is left out.`;
  return { markdown: `### Start-up\n\n${intro}\n\n${renderTable(head, rows)}`, verdicts };
}
