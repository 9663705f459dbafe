/** Cuts the output of a program into lines and keeps the last of them. */
export type OutputStream = 'stdout' | 'stderr';

/** Longer lines are cut: a progress bar may go on for megabytes without a line's end. */
const MAX_LINE_CHARS = 4096;

export class LineTail {
  /** The last lines of both streams, in the order they came. */
  readonly lines: string[] = [];
  readonly #keep: number;
  readonly #onLine: ((line: string, stream: OutputStream) => void) | undefined;
  readonly #open = {
    stdout: { decoder: new TextDecoder(), text: '' },
    stderr: { decoder: new TextDecoder(), text: '' },
  };

  constructor(keep: number, onLine?: (line: string, stream: OutputStream) => void) {
    this.#keep = keep;
    this.#onLine = onLine;
  }

  push(stream: OutputStream, bytes: Uint8Array): void {
    const open = this.#open[stream];
    const parts = (open.text + open.decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
    open.text = (parts.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of parts) this.#add(line, stream);
  }

  /** A last line without an end counts too. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const { text } = this.#open[stream];
      if (text !== '') this.#add(text, stream);
      this.#open[stream].text = '';
    }
  }

  #add(line: string, stream: OutputStream): void {
    const shown = line.slice(0, MAX_LINE_CHARS);
    this.#onLine?.(shown, stream);
    this.lines.push(shown);
    if (this.lines.length > this.#keep) this.lines.shift();
  }
}
