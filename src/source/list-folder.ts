import { joinPath } from '../base/raw-path.ts';
import { closeSync, opendirSync, readSync, readdirSync } from 'node:fs';
import { asBuffer } from '../base/bytes.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { collectOften, collectSooner } from '../host/collector.ts';
import { NameQueue } from './name-queue.ts';
import { openForReading } from './open-for-reading.ts';

/** Source: bford.info/cachedir, "Cache Directory Tagging Specification". */
const TAG_NAME = 'CACHEDIR.TAG';
const TAG_SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55', 'latin1');

/** ext4 puts some 2,000 names into it, other file systems up to 60,000. */
const MANY_NAMES_BYTES = 65_536n;
/**
 * Some 25,000 names. Of a folder that takes more, they come in parts; below it one call is twice as
 * fast.
 */
const LARGE_FOLDER_BYTES = 1_500_000n;
const PART_NAMES = 4096;
const NAMES_PER_CALL = 1024;
/** Each byte of a name becomes one character, whatever it means. */
const encoding = 'latin1';
const NOT_ASCII = /[\x80-\xFF]/;

/** The raw names in a folder, ordered by their bytes. */
export function listFolder(path: string, sizeBytes: bigint): NameQueue {
  const names = new NameQueue();
  for (const part of listNames(path, sizeBytes)) names.add(part);
  return names;
}

/**
 * The raw names in a folder, as they come, some perhaps twice. Of 200,000 at once the names alone,
 * first the system's and then ours, are 30 MB.
 *
 * @param sizeBytes of the folder itself, as `lstat` tells
 */
export function* listNames(path: string, sizeBytes: bigint): Generator<string[]> {
  if (sizeBytes > MANY_NAMES_BYTES) collectSooner();
  if (sizeBytes > LARGE_FOLDER_BYTES) {
    collectOften();
    try {
      yield* listParts(path);
      return;
    } catch {
      // Where a file system does not tell what an entry is, Node looks, and fails if it has gone.
    }
  }
  yield readdirSync(fsPath(path), { encoding }).map(rawName);
}

function* listParts(path: string): Generator<string[]> {
  const folder = opendirSync(fsPath(path), { encoding, bufferSize: NAMES_PER_CALL });
  try {
    let part: string[] = [];
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      part.push(rawName(entry.name));
      if (part.length < PART_NAMES) continue;
      yield part;
      part = [];
    }
    yield part;
  } finally {
    folder.closeSync();
  }
}

function rawName(latin: string): string {
  return NOT_ASCII.test(latin) ? decodeRawName(Buffer.from(latin, encoding)) : latin;
}

/** As restic's `--exclude-caches`: the tag alone, where a valid one says that the rest is a cache. */
export function onlyCacheTag(path: string, names: NameQueue): NameQueue {
  return hasSignature(joinPath(path, TAG_NAME)) ? NameQueue.of([TAG_NAME]) : names;
}

function hasSignature(path: string): boolean {
  const head = new Uint8Array(TAG_SIGNATURE.length);
  try {
    const fd = openForReading(path);
    try {
      return (
        readSync(fd, head, 0, head.length, 0) === head.length &&
        asBuffer(head).equals(TAG_SIGNATURE)
      );
    } finally {
      closeSync(fd);
    }
  } catch {
    // Unreadable or a folder: no valid tag, so nothing is left out.
    return false;
  }
}
