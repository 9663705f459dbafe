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
  /** The whole file, once it was given back. */
  #memory: Uint8Array | undefined;

  /** @param folder of this run alone; the file is made when there is something for it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined`: they are to stay in memory, for being few or because the disk is full. */
  keep(bytes: Uint8Array): KeptBytes | undefined {
    if (bytes.length < SMALLEST_PIECE_BYTES || this.#memory !== undefined) return undefined;
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

  /**
   * Leaves the disk to those who cannot do without it: from now on all is in memory. False if
   * nothing was on the disk. Throws `SCRATCH_UNREADABLE`.
   */
  giveBack(): boolean {
    if (this.#fd === undefined) return false;
    const memory = new Uint8Array(this.#endBytes);
    this.#load(memory, 0);
    this.#memory = memory;
    this[Symbol.dispose]();
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #read({ at, length, sum }: { at: number; length: number; sum: number }): Uint8Array {
    const bytes = this.#memory?.subarray(at, at + length) ?? this.#roomFor(length);
    if (this.#memory === undefined) this.#load(bytes, at);
    if (crc32(bytes) !== sum) throw this.#unreadable('it gives other bytes than were written');
    return bytes;
  }

  #roomFor(length: number): Uint8Array {
    if (this.#room.length < length) this.#room = new Uint8Array(length);
    return this.#room.subarray(0, length);
  }

  /** Fills `target` with what begins at `at` of the file. */
  #load(target: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < target.length;) {
        const count = readSync(this.#fd ?? -1, target, done, target.length - done, at + done);
        if (count === 0) throw new Error('it is shorter than what was written');
        done += count;
      }
    } catch (error) {
      throw this.#unreadable(describeCause(error), error);
    }
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
