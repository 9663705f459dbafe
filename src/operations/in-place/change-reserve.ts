/**
 * Room for the way back: each place of a change holds a file that is of no use but to be removed.
 * A disk that fills up while the app is stopped would otherwise refuse the journal its next line,
 * and with it the way back. It is given up when that way finds the disk full, and when the app is well.
 *
 * A file that is removed gives its room back on every file system; one that is written again in its
 * place does so only where blocks are not copied on write (not on btrfs and ZFS).
 */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import { systemCode } from '../../backend/file-errors.ts';
import { whereSupported, writeNewFile } from '../../backend/whole-file.ts';
import type { ChangePlace } from './change-journal.ts';

const RESERVE_NAME = 'reserve';
/** For the folders that are made on the way back, too. */
const LEAST_BYTES = 256 << 10;
const PRIVATE_FILE = 0o600;

/** As much room as a journal of this size may take on its way back, in each place. */
export async function keepReserves(
  files: FileLayer,
  places: readonly ChangePlace[],
  journalBytes: number,
): Promise<void> {
  for (const { path: location } of places) {
    const path = join(location, RESERVE_NAME);
    const wantedBytes = LEAST_BYTES + 2 * journalBytes;
    const keptBytes = await sizeIfAny(files, path);
    if (keptBytes !== undefined && keptBytes >= LEAST_BYTES + journalBytes) continue;
    if (keptBytes !== undefined) await files.unlink(path);
    const bytes = incompressible(wantedBytes);
    const place = { location, file: RESERVE_NAME };
    await writeNewFile(files, path, { bytes, place, mode: PRIVATE_FILE, finalMode: PRIVATE_FILE });
    await whereSupported(files.syncFolder(location));
  }
}

/** Returns whether there was anything to give up. */
export async function giveUpReserves(
  files: FileLayer,
  places: readonly ChangePlace[],
): Promise<boolean> {
  let isAny = false;
  for (const { path: location } of places) {
    const path = join(location, RESERVE_NAME);
    if ((await sizeIfAny(files, path)) === undefined) continue;
    await files.unlink(path);
    await whereSupported(files.syncFolder(location));
    isAny = true;
  }
  return isAny;
}

/** Also of a quota. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (['ENOSPC', 'EDQUOT'].includes(systemCode(at))) return true;
  }
  return false;
}

async function sizeIfAny(files: FileLayer, path: string): Promise<number | undefined> {
  try {
    return (await files.stat(path)).sizeBytes;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return undefined;
    throw error;
  }
}

/** Zeros take no room where the file system compresses. Source of the shifts: Marsaglia, xorshift32. */
function incompressible(sizeBytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  let state = 0x9e_37_79_b9;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer);
}
