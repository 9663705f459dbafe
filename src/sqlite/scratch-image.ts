/** A folder of its own for one image, in the scratch folder. */
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';

/** For the image's journal and the file system's own needs. */
const SPARE_BYTES = 1_048_576;

export class ScratchImage implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #scratchFolder: string;

  constructor(scratchFolder: string, folder: string) {
    this.#scratchFolder = scratchFolder;
    this.#folder = folder;
    this.path = join(folder, 'image.db');
  }

  /** Throws `SCRATCH_FULL` unless a copy of that size fits. */
  async assertSpace(source: string, sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(fsPath(this.#scratchFolder));
    if (bavail * bsize < sizeBytes + SPARE_BYTES) throw await this.fullError(source, sizeBytes);
  }

  async fullError(source: string, sizeBytes: number): Promise<KeepsakeError> {
    await this.clear();
    const { bavail, bsize } = await statfs(fsPath(this.#scratchFolder));
    return new KeepsakeError('SCRATCH_FULL', {
      path: source,
      folder: this.#scratchFolder,
      neededBytes: sizeBytes + SPARE_BYTES,
      freeBytes: bavail * bsize,
    });
  }

  /** Removes what a failed attempt left. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#folder)) await rm(join(this.#folder, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Throws `SCRATCH_LOST`. */
export async function createScratchImage(scratchFolder: string): Promise<ScratchImage> {
  try {
    // mkdtemp makes the folder 0700: the image holds what the app's own modes protect.
    return new ScratchImage(scratchFolder, await mkdtemp(join(scratchFolder, 'capture-')));
  } catch (cause) {
    if (isDiskFull(cause)) throw cause;
    const reason = describeCause(cause);
    throw new KeepsakeError('SCRATCH_LOST', { folder: scratchFolder, reason }, { cause });
  }
}

export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
