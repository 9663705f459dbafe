/**
 * Makes files out of a piece of memory, as whoever has the memory, in whatever thread: the order for
 * them is packed into one text and a few arrays, because thousands of objects cost more to hand to
 * another thread than their files cost to make.
 *
 * A file is made under a temporary name and renamed when it is whole. Whatever does not go as usual
 * leaves nothing behind and is not told in detail: the caller does that file again, by itself.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import { HoleyWriter } from './holey-writer.ts';
import { listXattrs, setOpenTimes, TIMES_FIELDS } from './libc.ts';
import { errnoCode } from './system-call-error.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
export const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
export const OWNER_READ_WRITE = 0o600;
const PERMISSION_BITS = 0o7777;
const SPECIAL_BITS = 0o7000;
/** Mode, owner, group, and how many pieces it has. */
export const NUMBERS_A_FILE = 4;

/** Set by the system on every new file (SELinux, IMA, Smack): not ours to take away. */
export const SYSTEM_OWNED = /^security\.(?!capability$)/;

/** What a file has that was just made in some folder: the same for each one there. */
export interface NewFile {
  readonly uid: number;
  readonly gid: number;
  /** As from the folder's default ACL. */
  readonly hasAttributes: boolean;
}

export function newFileAt(at: string, fd: number): NewFile {
  const { uid, gid } = fstatSync(fd);
  return { uid, gid, hasAttributes: listXattrs(at).some((name) => !SYSTEM_OWNED.test(name)) };
}

/** Files of one folder that have no extended attributes. */
export interface NewFiles {
  readonly kind: 'files';
  /** For each file its temporary and its final path, raw, all with a NUL between them. */
  readonly paths: string;
  readonly numbers: Uint32Array;
  /** As `setOpenTimes` takes them. */
  readonly times: BigInt64Array;
  /** Which pieces of the memory, file after file. */
  readonly pieces: Uint32Array;
  readonly sparse: boolean;
  readonly owners: boolean;
}

/** Pieces of a file that is open, in this process. */
export interface OpenFilePieces {
  readonly kind: 'open';
  readonly fd: number;
  /** Pairs: which piece of the memory, where in the file. */
  readonly places: Float64Array;
  readonly sparse: boolean;
  readonly preallocated: boolean;
}

export type FileWrites = NewFiles | OpenFilePieces;

/** Memory in pieces. */
export interface PieceMemory {
  /** `undefined` for a piece that is damaged. */
  piece(index: number): Uint8Array | undefined;
}

/** 1 for each file that is made, or one for all pieces of an open file. */
export function writeFiles(writes: FileWrites, memory: PieceMemory): Uint8Array {
  if (writes.kind === 'files') return new FileMaker(writes, memory).makeAll();
  return Uint8Array.of(writePieces(writes, memory) ? 1 : 0);
}

function writePieces({ fd, places, ...how }: OpenFilePieces, memory: PieceMemory): boolean {
  const writer = new HoleyWriter(fd, how);
  try {
    for (let at = 0; at < places.length; at += 2) {
      const bytes = memory.piece(places[at] ?? 0);
      if (bytes === undefined) return false;
      writer.put(bytes, places[at + 1] ?? 0);
    }
    writer.flush();
    return true;
  } catch {
    return false;
  }
}

class FileMaker {
  readonly #files: NewFiles;
  readonly #memory: PieceMemory;
  #usual: NewFile | undefined;
  /** Whether a file opened with this mode has it, by mode: the umask and the folder have a say. */
  readonly #modes = new Map<number, boolean>();
  readonly #isRoot = process.geteuid?.() === 0;

  constructor(files: NewFiles, memory: PieceMemory) {
    this.#files = files;
    this.#memory = memory;
  }

  makeAll(): Uint8Array {
    const { paths, numbers } = this.#files;
    const names = paths.split('\0');
    const made = new Uint8Array(names.length / 2);
    let firstPiece = 0;
    for (let index = 0; index < made.length; index += 1) {
      const count = numbers[index * NUMBERS_A_FILE + 3] ?? 0;
      const [temporary = '', place = ''] = names.slice(index * 2, index * 2 + 2);
      const pieces = this.#files.pieces.subarray(firstPiece, firstPiece + count);
      if (this.#make(index, { temporary, place, pieces })) made[index] = 1;
      firstPiece += count;
    }
    return made;
  }

  #make(
    index: number,
    { temporary, place, pieces }: { temporary: string; place: string; pieces: Uint32Array },
  ): boolean {
    const bytes: Uint8Array[] = [];
    for (const piece of pieces) {
      const found = this.#memory.piece(piece);
      if (found === undefined) return false;
      bytes.push(found);
    }
    try {
      if (!this.#fill(index, temporary, bytes)) return giveUp(temporary);
      renameSync(fsPath(temporary), fsPath(place));
      return true;
    } catch {
      return giveUp(temporary);
    }
  }

  #fill(index: number, temporary: string, bytes: readonly Uint8Array[]): boolean {
    const { numbers, times, sparse } = this.#files;
    const [mode = 0, uid = 0, gid = 0] = numbers.subarray(index * NUMBERS_A_FILE);
    const asUsual = this.#usual !== undefined && this.#isOwner(this.#usual, uid, gid);
    const early = asUsual && (mode & SPECIAL_BITS) === 0 && this.#modes.get(mode) !== false;
    const fd = openSync(fsPath(temporary), NEW_FILE, early ? mode : OWNER_READ_WRITE);
    try {
      const writer = new HoleyWriter(fd, { sparse });
      for (const piece of bytes) writer.put(piece, writer.sizeBytes);
      writer.flush();
      writer.finish();
      this.#usual ??= newFileAt(temporary, fd);
      if (this.#usual.hasAttributes) return false;
      if (!this.#isOwner(this.#usual, uid, gid)) this.#setOwner(fd, uid, gid);
      if (!early || !this.#hasMode(fd, mode)) fchmodSync(fd, mode);
      const start = index * TIMES_FIELDS;
      setOpenTimes({ fd, path: temporary }, times.subarray(start, start + TIMES_FIELDS));
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #isOwner(usual: NewFile, uid: number, gid: number): boolean {
    return !this.#files.owners || (usual.uid === uid && usual.gid === gid);
  }

  #setOwner(fd: number, uid: number, gid: number): void {
    try {
      fchownSync(fd, uid, gid);
    } catch (error) {
      // As everyone but root one owns what one restores, and that is expected.
      if (this.#isRoot || !['EPERM', 'EACCES'].includes(errnoCode(error) ?? '')) throw error;
    }
  }

  #hasMode(fd: number, mode: number): boolean {
    let has = this.#modes.get(mode);
    if (has === undefined) {
      has = (fstatSync(fd).mode & PERMISSION_BITS) === mode;
      this.#modes.set(mode, has);
    }
    return has;
  }
}

function giveUp(temporary: string): false {
  try {
    unlinkSync(fsPath(temporary));
  } catch {
    // Not made, or said again by whoever does this file anew.
  }
  return false;
}
