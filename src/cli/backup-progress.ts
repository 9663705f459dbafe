/** How far a backup is, told by what the snapshot before it held: there is no walk ahead to count. */
import { formatBytes } from '../base/bytes.ts';
import type { BackupEvent } from '../operations/backup-input.ts';
import type { Manifest } from '../snapshot/manifest.ts';
import { count, seconds } from './phrases.ts';

type Progress = Extract<BackupEvent, { type: 'progress' }>;

interface Expected {
  readonly files: number;
  readonly bytes: number;
}

/** Shares above this are not believed: the app has grown since. */
const MOST_BELIEVED = 0.99;
/** A guess from less than this is worth nothing. */
const LEAST_BELIEVED = 0.02;

export class BackupProgress {
  #expected: Expected | undefined;

  expect(manifest: Manifest | undefined): void {
    if (manifest === undefined) return;
    this.#expected = {
      files: manifest.files.reduce((sum, { fileCount }) => sum + fileCount, 0),
      bytes: manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  }

  line(progress: Progress): string {
    const { phase, filesDone, bytesDone, bytesRead, storedBytes } = progress;
    const share = this.#share(progress);
    const left = this.#msLeft(progress);
    return [
      `${phase}:${share === undefined ? '' : ` ${Math.floor(share * 100)} %,`} ${count(filesDone, 'file')}`,
      `${formatBytes(bytesDone)} seen`,
      `${formatBytes(bytesRead)} read`,
      `${formatBytes(storedBytes)} stored`,
      ...(left === undefined ? [] : [`about ${seconds(left)} left`]),
    ].join(', ');
  }

  /** restic's field names where it has them. */
  message(progress: Progress): object {
    const share = this.#share(progress);
    const left = this.#msLeft(progress);
    return {
      message_type: 'status',
      phase: progress.phase,
      seconds_elapsed: Math.floor(progress.elapsedMs / 1000),
      ...(left === undefined ? {} : { seconds_remaining: Math.ceil(left / 1000) }),
      ...(share === undefined ? {} : { percent_done: share }),
      ...(this.#expected === undefined
        ? {}
        : { total_files: this.#expected.files, total_bytes: this.#expected.bytes }),
      files_done: progress.filesDone,
      bytes_done: progress.bytesDone,
      bytes_read: progress.bytesRead,
      bytes_stored: progress.storedBytes,
    };
  }

  /** Of the files; what comes after them is short and not foreseen. */
  #share({ phase, filesDone, bytesDone }: Progress): number | undefined {
    if (this.#expected === undefined || phase !== 'files') return undefined;
    const { files, bytes } = this.#expected;
    if (files === 0) return undefined;
    const byFiles = filesDone / files;
    const byBytes = bytes === 0 ? byFiles : bytesDone / bytes;
    return Math.min(MOST_BELIEVED, (byFiles + byBytes) / 2);
  }

  #msLeft(progress: Progress): number | undefined {
    const share = this.#share(progress);
    if (share === undefined || share < LEAST_BELIEVED) return undefined;
    return (progress.elapsedMs * (1 - share)) / share;
  }
}
