import type { Workbench } from '../operations/workbench.ts';

export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface OutputStream extends TextStream {
  write(data: string | Uint8Array): unknown;
  /**
   * Waits while the reader is behind. Throws `CLI_OUTPUT_CLOSED` when nobody reads any more, and
   * `CLI_OUTPUT_FAILED`.
   */
  drained(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Waits until all is written; throws as `drained` does. */
  flushed(): Promise<void>;
}

/** A terminal that can be read without showing what is typed; Node's `process.stdin` is one. */
export interface TerminalInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  /** Gives back what was read too far. */
  unshift(chunk: Uint8Array): unknown;
  off(event: 'data' | 'end', listener: (chunk: Uint8Array) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What the command line is given of the world; composed in `main.ts`. */
export interface CliHost {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly home: string;
  readonly isRoot: boolean;
  readonly stdout: OutputStream;
  readonly stderr: TextStream;
  /** Aborted by Ctrl-C, with `CANCELLED` as its reason. */
  readonly signal: AbortSignal;
  /** Without what the settings and the output give. */
  readonly workbench: Omit<Workbench, 'scratchFolder' | 'warn'>;
  /** Standard input, for questions; opened when it is asked for. */
  readonly terminalInput: () => TerminalInput;
  /** All of standard input, for `--exclude-file -` and the like. */
  readonly readStdin: () => Promise<string>;
}
