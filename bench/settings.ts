/** The flags of `npm run bench`. */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { choosePartNames, type PartName } from './part-names.ts';
import { tools, type Tool } from './tools.ts';

export const usage = `npm run bench -- [options]

  --set A,B,C,growth,memory,startup,sealing,in-place   what to measure; all of it by default.
                growth is growth-A and growth-C, memory is memory-4GB and memory-200k
  --runs N      rounds of which the median is taken (default 5)
  --tools LIST  restic,keepsake,borg,tar
  --no-memory   leave out the pass that samples memory
  --fresh       measure anew what was measured of this build already
  --keep        leave the work folders: removing files slows down what creates files afterwards
  --limit-seconds N   begin nothing that would take longer than this; run again to carry on
  --tiny        a fiftieth of the data, with results of its own: to try the benchmark itself
  --report      measure nothing: write the saved results into docs/performance.md
  --doc FILE    write them into this file instead
  --clean       measure nothing: remove the work folders
  --data FOLDER data, results and work (default ${join(tmpdir(), 'keepsake-bench')})`;

export interface Settings {
  readonly action: 'measure' | 'report' | 'clean';
  readonly parts: readonly PartName[];
  readonly tools: readonly Tool[];
  readonly runs: number;
  readonly memory: boolean;
  readonly fresh: boolean;
  readonly keep: boolean;
  readonly tiny: boolean;
  readonly limitMs: number;
  readonly data: string;
  readonly doc: string;
}

const performanceDoc = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

const options = {
  set: { type: 'string', default: 'all' },
  tools: { type: 'string', default: tools.map(({ name }) => name).join(',') },
  runs: { type: 'string', default: '5' },
  memory: { type: 'boolean', default: true },
  fresh: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  tiny: { type: 'boolean', default: false },
  report: { type: 'boolean', default: false },
  clean: { type: 'boolean', default: false },
  'limit-seconds': { type: 'string', default: 'Infinity' },
  data: { type: 'string', default: join(tmpdir(), 'keepsake-bench') },
  doc: { type: 'string', default: performanceDoc },
} as const;

/** Throws an `Error` whose message is for the person who typed the flags. */
export function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({ args: [...args], allowNegative: true, options });
  return {
    action: values.report ? 'report' : values.clean ? 'clean' : 'measure',
    parts: choosePartNames(values.set),
    tools: chooseTools(values.tools),
    runs: positive('--runs', values.runs),
    memory: values.memory,
    fresh: values.fresh,
    keep: values.keep,
    tiny: values.tiny,
    limitMs: positive('--limit-seconds', values['limit-seconds']) * 1000,
    data: resolve(values.data),
    doc: resolve(values.doc),
  };
}

function chooseTools(list: string): Tool[] {
  return list.split(',').map((name) => {
    const found = tools.find((tool) => tool.name === name);
    if (found !== undefined) return found;
    throw new Error(`"${name}" is none of ${tools.map((tool) => tool.name).join(', ')}`);
  });
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (value >= 1) return value;
  throw new Error(`${flag} takes a number of at least 1, not "${text}"`);
}
