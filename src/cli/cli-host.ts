import type { Workbench } from '../operations/workbench.ts';

export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What the command line is given of the world; composed in `main.ts`. */
export interface CliHost {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly home: string;
  readonly isRoot: boolean;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Aborted by Ctrl-C, with `CANCELLED` as its reason. */
  readonly signal: AbortSignal;
  /** Without the scratch folder, which the settings name. */
  readonly workbench: Omit<Workbench, 'scratchFolder'>;
  /** All of standard input, for `--exclude-file -` and the like. */
  readonly readStdin: () => Promise<string>;
}
