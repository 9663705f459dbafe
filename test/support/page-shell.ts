/**
 * Runs the shell lines of a page in `docs/recovery` as they are printed, at a terminal, by `sh -eu`:
 * a page that is read at night must not rot. Only paths and ids are put in for those of the lab.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { keepsakeArgv } from './keepsake.ts';
import { requireTool } from './require-tool.ts';
import { runAtTerminal, type Dialogue } from './terminal.ts';

const FENCE = /^```sh\n(?<text>.*?)^```$/gms;
/** Before the output of each line; nothing prints it. */
const MARK = '=== line';

export interface ShellOptions {
  /** An empty folder for programs and scripts. */
  readonly folder: string;
  /** What the page says, and what stands for it here: `/opt/wishlist`, `SNAPSHOT`. */
  readonly stands: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface BlockOptions {
  /** In addition to those of the shell. */
  readonly stands?: Readonly<Record<string, string>>;
  /** By the beginning of the line; default 0. */
  readonly exits?: Readonly<Record<string, number>>;
  readonly answers?: readonly Dialogue[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What a line said, both streams together: by the line without its comment, or by its beginning. */
export type Said = (line: string) => string;

/** What a test that runs pages needs beside the programs that they name. */
export function requirePages(...programs: string[]): boolean {
  return ['script', ...programs].every(requireTool);
}

export class PageShell {
  readonly #blocks: readonly string[][];
  readonly #notRun: Set<string>;
  readonly #options: ShellOptions;
  /** From one block to the next, as in one terminal. */
  #folder: string;
  #count = 0;

  constructor(name: string, options: ShellOptions) {
    const page = readFileSync(new URL(`../../docs/recovery/${name}`, import.meta.url), 'utf8');
    const texts = [...page.matchAll(FENCE)].map(({ groups }) => groups?.['text'] ?? '');
    this.#blocks = texts.map((text) => text.replaceAll('\\\n', ' ').split('\n').filter(isCommand));
    this.#notRun = new Set(this.#blocks.flat());
    this.#options = options;
    this.#folder = options.folder;
    mkdirSync(`${options.folder}/bin`, { recursive: true });
    const words = keepsakeArgv([]).map((word) => `'${word}'`);
    const program = `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`;
    writeFileSync(`${options.folder}/bin/keepsake`, program, { mode: 0o755 });
  }

  /** Lines of the page that no test has run yet. */
  get notRun(): string[] {
    return [...this.#notRun];
  }

  /** Runs the block of lines in which one begins like this; throws when one ends otherwise. */
  async run(beginning: string, block: BlockOptions = {}): Promise<Said> {
    const lines = this.#blocks.find((each) => each.some((line) => line.startsWith(beginning)));
    if (lines === undefined) throw new Error(`the page has no line that begins: ${beginning}`);
    const { folder, stands, env } = this.#options;
    const here = { ...stands, ...block.stands };
    this.#count += 1;
    const script = `${folder}/block-${this.#count}.sh`;
    const left = `${folder}/left-in`;
    const body = scriptOf(lines, here, block.exits ?? {});
    writeFileSync(script, `cd '${this.#folder}'\n${body}pwd > '${left}'\n`);
    const path = block.env?.['PATH'] ?? env['PATH'] ?? process.env['PATH'];
    const { exitCode, screen } = await runAtTerminal(['sh', '-eu', script], block.answers ?? [], {
      ...env,
      ...block.env,
      PATH: `${folder}/bin:${path}`,
    });
    const text = stripVTControlCharacters(screen).replaceAll(/\r\n?/g, '\n');
    if (exitCode !== 0) throw new Error(`${lines.join('\n')}\nended with ${exitCode}:\n${text}`);
    this.#folder = readFileSync(left, 'utf8').trimEnd();
    for (const line of lines) this.#notRun.delete(line);
    const said = text.split(new RegExp(`^${MARK} \\d+\\n`, 'm')).slice(1);
    return (wanted) => {
      const commands = lines.map((line) => line.replace(/\s+#.*$/, ''));
      const exact = commands.indexOf(wanted);
      const at = exact < 0 ? commands.findIndex((line) => line.startsWith(wanted)) : exact;
      if (at < 0) throw new Error(`no line of the block begins: ${wanted}`);
      return said[at] ?? '';
    };
  }
}

function isCommand(line: string): boolean {
  return !/^\s*(#|$)/.test(line);
}

function scriptOf(
  lines: readonly string[],
  stands: Readonly<Record<string, string>>,
  exits: Readonly<Record<string, number>>,
): string {
  const words = Object.keys(stands).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(words.map((word) => word.replace(/[.*+]/g, '\\$&')).join('|'), 'g');
  const put = (line: string): string => line.replaceAll(pattern, (word) => stands[word] ?? word);
  const parts = lines.flatMap((line, at) => {
    const wanted = Object.entries(exits).find(([start]) => line.startsWith(start))?.[1] ?? 0;
    const mark = `echo '${MARK} ${at}'`;
    if (wanted === 0) return [mark, put(line)];
    return [mark, 'set +e', put(line), `[ $? = ${wanted} ] || exit 99`, 'set -e'];
  });
  return `${parts.join('\n')}\n`;
}
