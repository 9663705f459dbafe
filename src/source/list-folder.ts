import { closeSync, readSync, readdirSync } from 'node:fs';
import { asBuffer } from '../base/bytes.ts';
import { compareRawNames, decodeRawName, fsPath } from '../base/raw-name.ts';
import { returnSmallMemory } from '../host/libc.ts';
import { openForReading } from './open-for-reading.ts';
import { joinPath } from './path-targets.ts';

/** Source: bford.info/cachedir, "Cache Directory Tagging Specification". */
const TAG_NAME = 'CACHEDIR.TAG';
const TAG_SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55', 'latin1');

const MANY_NAMES = 10_000;

/** The raw names in a folder, ordered by their bytes. */
export function listFolder(path: string): string[] {
  return sortNames(listNames(path));
}

/** The raw names in a folder, as they come. */
export function listNames(path: string): string[] {
  const names = readdirSync(fsPath(path));
  if (names.length > MANY_NAMES) returnSmallMemory(); // of each name the system's own copy
  // Node puts U+FFFD where a name is not UTF-8; only then the slower, exact listing is needed.
  return names.some((name) => name.includes('\uFFFD'))
    ? readdirSync(fsPath(path), { encoding: 'buffer' }).map((name) => decodeRawName(name))
    : names;
}

export function sortNames(names: string[]): string[] {
  // The default order, by UTF-16 units, is that of the bytes where no name has a surrogate.
  const plain = !names.some((name) => /[\uD800-\uDFFF]/.test(name));
  return plain ? names.sort() : names.sort(compareRawNames);
}

/** As restic's `--exclude-caches`: the tag alone, where a valid one says that the rest is a cache. */
export function onlyCacheTag(path: string, names: string[]): string[] {
  if (!names.includes(TAG_NAME) || !hasSignature(joinPath(path, TAG_NAME))) return names;
  return [TAG_NAME];
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
