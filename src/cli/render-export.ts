import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Export } from '../operations/export.ts';
import type { TarFormat } from '../snapshot/tar-compression.ts';
import { writeDump, type DumpWriter } from './dump-target.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';

export interface ExportPlace {
  readonly target: string;
  readonly format: TarFormat;
  readonly writer: DumpWriter;
}

/** How plain GNU tar restores it. */
const UNPACK: Readonly<Record<TarFormat, string>> = {
  tar: 'tar xf',
  'tar.gz': 'tar xzf',
  'tar.zst': 'tar --zstd -xf',
};

export class ExportRenderer {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #beganMs: number;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  /** The archive alone; how far it is goes to stderr. */
  async toStdout(source: Export, signal: AbortSignal): Promise<void> {
    for await (const chunk of source.bytes) {
      this.#output.status(() => progressLine(source));
      this.#output.raw(chunk);
      await this.#output.drained({ signal });
    }
  }

  async toFile(source: Export, { target, format, writer }: ExportPlace): Promise<void> {
    const { self, random } = writer;
    const tally = { archiveBytes: 0 };
    const check = (written: string): Promise<void> => source.verify(written);
    const bytes = this.#telling(source, tally);
    const verified = await writeDump(target, bytes, { self, random, check });
    const { archiveBytes } = tally;
    this.#finish(source, { target, format, archiveBytes, verified });
  }

  async *#telling(source: Export, tally: { archiveBytes: number }): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.bytes) {
      this.#output.status(() => progressLine(source));
      this.#output.emitStatus(() => this.#statusMessage(source));
      tally.archiveBytes += chunk.length;
      yield chunk;
    }
  }

  #statusMessage({ counts, expectedBytes }: Export): object {
    return {
      message_type: 'status',
      seconds_elapsed: Math.floor(this.#elapsedMs() / 1000),
      ...(expectedBytes !== undefined && {
        percent_done: Math.min(1, counts.contentBytes / Math.max(1, expectedBytes)),
        total_bytes: expectedBytes,
      }),
      files_done: counts.files,
      bytes_done: counts.contentBytes,
    };
  }

  #finish(source: Export, done: Done): void {
    const { counts, stored } = source;
    const { target, format, archiveBytes, verified } = done;
    const others = counts.others === 0 ? '' : `, ${count(counts.others, 'link')} or other`;
    const what = `${count(counts.files, 'file')}, ${formatBytes(counts.contentBytes)}${others}`;
    const proof = verified ? ', read again and equal' : '; not read again, as it is no file';
    this.#output.say(
      `exported snapshot ${stored.id.slice(0, 8)} (${localTime(stored.snapshot.time)}) to ${showName(target)}: ${what}, in ${formatBytes(archiveBytes)}${proof} (${seconds(this.#elapsedMs())})`,
    );
    this.#output.say(`to restore: ${UNPACK[format]} ${showName(target)} -C /an/empty/folder`);
    this.#output.emit({
      message_type: 'summary',
      snapshot_id: stored.id,
      target,
      format,
      subfolder: source.subfolder,
      total_files: counts.files,
      total_folders: counts.folders,
      total_others: counts.others,
      total_bytes: counts.contentBytes,
      archive_bytes: archiveBytes,
      verified,
      total_duration: this.#elapsedMs() / 1000,
    });
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#beganMs;
  }
}

interface Done {
  readonly target: string;
  readonly format: TarFormat;
  readonly archiveBytes: number;
  readonly verified: boolean;
}

function progressLine({ counts, expectedBytes }: Export): string {
  const done = `${count(counts.files, 'file')}, ${formatBytes(counts.contentBytes)}`;
  if (expectedBytes === undefined) return `exporting: ${done}`;
  const percent = Math.floor(Math.min(1, counts.contentBytes / Math.max(1, expectedBytes)) * 100);
  return `exporting: ${percent} %, ${done} of ${formatBytes(expectedBytes)}`;
}
