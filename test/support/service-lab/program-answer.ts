/** What a stand-in program says and how it ends. */
export interface ProgramAnswer {
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface ParsedArguments {
  /** Options with their values, `true` where they take none. */
  readonly options: ReadonlyMap<string, string | true>;
  readonly words: readonly string[];
}

/** An option of no such name, or without its value. */
export class UnknownOptionError extends Error {}

/**
 * Takes an argv apart as getopt_long and pflag do: options anywhere, `--name=value`, `--name value`,
 * `-n value`, and `--` ends them.
 *
 * @param known each option's spellings, and whether it takes a value
 */
export function parseArguments(
  argv: readonly string[],
  known: ReadonlyMap<string, boolean>,
): ParsedArguments {
  const options = new Map<string, string | true>();
  const words: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const text = argv[at] ?? '';
    if (text === '--') return { options, words: [...words, ...argv.slice(at + 1)] };
    if (!text.startsWith('-') || text === '-') {
      words.push(text);
      continue;
    }
    const [name = '', inline] = text.startsWith('--') ? text.split(/=(.*)/s) : [text];
    const takesValue = known.get(name);
    if (takesValue === undefined) throw new UnknownOptionError(name);
    if (!takesValue) {
      options.set(name, true);
      continue;
    }
    at += inline === undefined ? 1 : 0;
    const value = inline ?? argv[at];
    if (value === undefined) throw new UnknownOptionError(name);
    options.set(name, value);
  }
  return { options, words };
}
