/**
 * Where pieces of trees wait for the second pass instead of in memory: of a folder of 200,000 files
 * that is 12 MB. A file that has no name, so that nothing of it is left whatever happens.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';

/** Smaller ones are not worth a call. */
const SMALLEST_PIECE_BYTES = 4096;

/** Gives the bytes back; they are valid until the next ones are asked for. */
export type KeptBytes = () => Uint8Array;

export class TreeScratch implements Disposable {
  readonly #folder: string;
  #fd: number | undefined;
  #endBytes = 0;
  #room = new Uint8Array(0);

  /** @param folder of this run alone; the file is made when there is something for it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined`: they are to stay in memory, for being few or because the disk is full. */
  keep(bytes: Uint8Array): KeptBytes | undefined {
    if (bytes.length < SMALLEST_PIECE_BYTES) return undefined;
    const at = this.#endBytes;
    try {
      this.#fd ??= openWithoutName(join(this.#folder, 'trees'));
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
      }
    } catch {
      return undefined; // nothing is lost by it
    }
    this.#endBytes += bytes.length;
    const place = { at, length: bytes.length, sum: crc32(bytes) };
    return () => this.#read(place);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #read({ at, length, sum }: { at: number; length: number; sum: number }): Uint8Array {
    if (this.#room.length < length) this.#room = new Uint8Array(length);
    const bytes = this.#room.subarray(0, length);
    try {
      for (let done = 0; done < length;) {
        const count = readSync(this.#fd ?? -1, bytes, done, length - done, at + done);
        if (count === 0) throw new Error('it is shorter than what was written');
        done += count;
      }
    } catch (error) {
      throw this.#unreadable(describeCause(error), error);
    }
    if (crc32(bytes) !== sum) throw this.#unreadable('it gives other bytes than were written');
    return bytes;
  }

  #unreadable(reason: string, cause?: unknown): KeepsakeError {
    return new KeepsakeError('SCRATCH_UNREADABLE', { folder: this.#folder, reason }, { cause });
  }
}

function openWithoutName(path: string): number {
  const fd = openSync(fsPath(path), 'wx+', 0o600);
  unlinkSync(fsPath(path));
  return fd;
}
