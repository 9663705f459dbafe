/**
 * Names under which an entry is made complete before it takes its place by `rename`: whoever looks
 * finds the old one or the new one, whole. Only a killed process leaves such a name behind.
 */
import {
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs';
import type { Random } from '../base/clock.ts';
import { toHex } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';
import { errnoCode } from '../host/system-call-error.ts';

const PATTERN = /^\.keepsake-restore-[0-9a-f]{16}\.tmp$/;

const PREFIX_BYTES = 5;
const COUNT_DIGITS = 6;

/** Names that differ from each other, and by chance from those of another run. */
export class TemporaryNames {
  readonly #random: Random;
  #prefix: string;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#prefix = toHex(random(PREFIX_BYTES));
  }

  /** Short whatever the final name is: that may have the full 255 bytes. */
  next(folder: string): string {
    if (this.#count === 16 ** COUNT_DIGITS) {
      this.#prefix = toHex(this.#random(PREFIX_BYTES));
      this.#count = 0;
    }
    const number = this.#count.toString(16).padStart(COUNT_DIGITS, '0');
    this.#count += 1;
    return `${folder}/.keepsake-restore-${this.#prefix}${number}.tmp`;
  }
}

/** Removes what a killed restore left in this folder. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(fsPath(folder), { encoding: 'latin1' })) {
    if (PATTERN.test(name)) removeIfAny(`${folder}/${name}`);
  }
}

export function removeIfAny(path: string): void {
  try {
    unlinkSync(fsPath(path));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
}

/** Puts `temporary` at `target`, over anything but a folder that holds something. */
export function moveIntoPlace(temporary: string, target: string, item: ConflictItem): void {
  try {
    renameSync(fsPath(temporary), fsPath(target));
  } catch (error) {
    if (errnoCode(error) !== 'EISDIR') throw error;
    removeEmptyFolder(target, item);
    renameSync(fsPath(temporary), fsPath(target));
  }
}

export interface ConflictItem {
  /** As in the snapshot. */
  path: string;
  /** What belongs there, for people. */
  wanted: string;
}

function removeEmptyFolder(target: string, { path, wanted }: ConflictItem): void {
  try {
    rmdirSync(fsPath(target));
  } catch (cause) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoCode(cause) ?? '')) throw cause;
    throw new KeepsakeError('RESTORE_CONFLICT', { path, found: 'folder', wanted }, { cause });
  }
}

export function lstatIfAny(path: string): BigIntStats | undefined {
  return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
}
