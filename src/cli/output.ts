/** Where a command's words go: text for people, or one JSON object a line for programs. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { displayRawName } from '../base/raw-name.ts';
import type { Clock } from '../base/clock.ts';
import type { OutputStream, TextStream } from './cli-host.ts';

export interface OutputOptions {
  readonly stdout: OutputStream;
  readonly stderr: TextStream;
  readonly json: boolean;
  /** -1 quiet, 0 normal, 1 each file, 2 everything. */
  readonly verbosity: number;
  readonly color: boolean;
  readonly clock: Clock;
}

type Style = Parameters<typeof styleText>[0];

const STATUS_EVERY_MS = 100;
const PLAIN_STATUS_EVERY_MS = 10_000;
/** How `JSON.stringify` writes one; it may as well be a backslash in the text. */
const LONE_SURROGATE = /\\ud[89a-f]/;
const CLEAR_LINE = '\r\u001B[2K';

export class Output {
  readonly #options: OutputOptions;
  #statusShown = false;
  #statusAtMs = 0;
  #stdoutReserved = false;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#statusAtMs = options.clock.monotonicMs();
  }

  get json(): boolean {
    return this.#options.json;
  }

  get verbosity(): number {
    return this.#options.verbosity;
  }

  /** A result line on stdout; not with `--json`. */
  print(line = ''): void {
    if (this.json) return;
    this.#clearStatus();
    this.#options.stdout.write(`${line}\n`);
  }

  /** As `print`, but not with `--quiet`. */
  say(line = ''): void {
    if (this.verbosity >= 0) this.print(line);
  }

  /** One object on stdout, with `--json` only. */
  emit(message: object): void {
    if (this.json) this.#options.stdout.write(`${jsonLine(message)}\n`);
  }

  /** From here on stdout holds a result that must stay whole: a file, an archive, restic's array. */
  reserveStdout(): void {
    this.#stdoutReserved = true;
  }

  /** As `emit`, of what is no part of the result: on stderr, as restic does, where stdout is reserved. */
  emitAside(message: object): void {
    if (!this.json) return;
    const { stdout, stderr } = this.#options;
    (this.#stdoutReserved ? stderr : stdout).write(`${jsonLine(message)}\n`);
  }

  /** Something worth knowing about the whole run, in either mode. */
  notice(message: string): void {
    this.warn(`warning: ${message}`);
    this.emitAside({ message_type: 'warning', message });
  }

  /** The result itself, whatever the mode: `dump`, `config show`, `completion`. */
  raw(data: string | Uint8Array): void {
    this.#clearStatus();
    this.#options.stdout.write(data);
  }

  /** True when what is printed goes to a person's screen. */
  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true;
  }

  /** For long results: waits while the reader is behind, throws when it has gone. */
  async drained(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#options.stdout.drained(options);
  }

  warn(line: string): void {
    if (this.json) return;
    this.#clearStatus();
    this.#options.stderr.write(`${line}\n`);
  }

  /** Something worth knowing about one entry, in either mode. */
  warnOf({ path, message }: { path: string; message: string }): void {
    this.warn(`warning: ${showName(path)}: ${showName(message)}`);
    this.emit({ message_type: 'warning', item: path, message });
  }

  /** On a terminal one line that is rewritten; elsewhere a plain line now and then. */
  status(makeLine: () => string): void {
    if (this.json || this.verbosity < 0) return;
    const now = this.#options.clock.monotonicMs();
    const { stderr } = this.#options;
    const every = stderr.isTTY === true ? STATUS_EVERY_MS : PLAIN_STATUS_EVERY_MS;
    if (now - this.#statusAtMs < every) return;
    this.#statusAtMs = now;
    if (stderr.isTTY !== true) {
      stderr.write(`${makeLine()}\n`);
      return;
    }
    const width = Math.max(20, (stderr.columns || 80) - 1);
    stderr.write(`${CLEAR_LINE}${makeLine().slice(0, width)}`);
    this.#statusShown = true;
  }

  /** With `--json`: at most one object each while. */
  emitStatus(makeMessage: () => object): void {
    if (!this.json || this.verbosity < 0) return;
    const now = this.#options.clock.monotonicMs();
    if (now - this.#statusAtMs < STATUS_EVERY_MS) return;
    this.#statusAtMs = now;
    this.emit(makeMessage());
  }

  style(style: Style, text: string): string {
    return this.#options.color ? styleText(style, text, { validateStream: false }) : text;
  }

  #clearStatus(): void {
    if (!this.#statusShown) return;
    this.#options.stderr.write(CLEAR_LINE);
    this.#statusShown = false;
  }

  /** To be called once at the end, so that the shell's prompt starts on a clean line. */
  close(): void {
    this.#clearStatus();
  }

  /** Throws when not all of the result could be written, e.g. to a file on a full disk. */
  async flushed(): Promise<void> {
    await this.#options.stdout.flushed();
  }
}

/** Bytes of names that are not UTF-8 become U+FFFD, as Go writes them: a lone surrogate is no text. */
function jsonLine(message: object): string {
  const line = JSON.stringify(message);
  if (!LONE_SURROGATE.test(line)) return line;
  return JSON.stringify(message, (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}

/** A name or path for a terminal: no control sequence gets through. */
export function showName(name: string): string {
  return stripVTControlCharacters(displayRawName(name));
}
