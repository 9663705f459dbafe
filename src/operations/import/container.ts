/** What a file is by its content, and its bytes without their compression. */
import { createReadStream } from 'node:fs';
import { describeCause, isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ByteCursor } from '../../source/byte-cursor.ts';
import { startsWithDatabaseMagic } from '../../source/sqlite-files.ts';
import { decodeTarBlock, isZeroBlock, TAR_BLOCK_BYTES } from '../../source/tar-block.ts';
import type { StreamDigest } from '../../snapshot/stream-digest.ts';
import { decompressTar, type TarFormat } from '../../snapshot/tar-compression.ts';

export interface Container {
  readonly path: string;
  readonly kind: 'tar' | 'database';
  /** How its bytes lie in the file. */
  readonly format: TarFormat;
}

const COMPRESSED: readonly [magic: string, format: TarFormat][] = [
  ['1f8b', 'tar.gz'],
  ['28b52ffd', 'tar.zst'],
];

const UNSUPPORTED: readonly [magic: string, what: string, advice: string][] = [
  ['fd377a585a00', 'compressed with xz', 'Unpack it first: `xz -dk FILE`'],
  ['425a68', 'compressed with bzip2', 'Unpack it first: `bzip2 -dk FILE`'],
  [
    '504b0304',
    'a zip archive',
    'Unpack it into an empty folder and make a tar archive of that: `tar czf`',
  ],
  [
    '377abcaf271c',
    'a 7z archive',
    'Unpack it into an empty folder and make a tar archive of that: `tar czf`',
  ],
];

const SQL_TEXT = /^\s*(?:--|\/\*|PRAGMA\s|BEGIN\b|CREATE\s|INSERT\s|SET\s|DROP\s)/i;

export async function openContainer(path: string, signal?: AbortSignal): Promise<Container> {
  const outer = await firstBytes(readRaw(path, signal));
  const [, format] = COMPRESSED.find(([magic]) => startsWith(outer, magic)) ?? [];
  if (format === undefined) return { path, format: 'tar', kind: kindOf(path, outer) };
  const inner = await firstBytes(readContainer({ path, format }, { signal }));
  return { path, format, kind: kindOf(path, inner) };
}

function kindOf(path: string, head: Uint8Array): Container['kind'] {
  if (startsWithDatabaseMagic(head)) return 'database';
  const isBlock = head.length === TAR_BLOCK_BYTES;
  if (isBlock && (isZeroBlock(head) || decodeTarBlock(head) !== undefined)) return 'tar';
  const unsupported = (what: string, advice: string) =>
    new KeepsakeError('IMPORT_UNSUPPORTED', { path, what, advice });
  const [, what, advice] = UNSUPPORTED.find(([magic]) => startsWith(head, magic)) ?? [];
  if (what !== undefined && advice !== undefined) throw unsupported(what, advice);
  if (SQL_TEXT.test(Buffer.from(head).toString('latin1'))) {
    throw unsupported(
      'a dump of a database as SQL text',
      'Make a database of it and import that: `sqlite3 prod.db < FILE`',
    );
  }
  if (head.length === 0) throw unsupported('empty', 'Look for another copy of it.');
  throw unsupported(
    'neither a tar archive (plain, gzip, zstd) nor a SQLite database',
    'To take in files or folders as they are: `keepsake backup --time TIME PATH`',
  );
}

export interface ReadContainerOptions {
  /** Watches the bytes as they lie in the file. */
  readonly digest?: StreamDigest | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes without compression. Throws `IMPORT_UNREADABLE`, `IMPORT_DAMAGED`. */
export async function* readContainer(
  { path, format }: Pick<Container, 'path' | 'format'>,
  { digest, signal }: ReadContainerOptions,
): AsyncGenerator<Uint8Array> {
  const raw = readRaw(path, signal);
  try {
    yield* decompressTar(digest === undefined ? raw : digest.watch(raw), format);
  } catch (cause) {
    signal?.throwIfAborted();
    if (isKeepsakeError(cause)) throw cause;
    throw new KeepsakeError('IMPORT_DAMAGED', { path, why: describeCause(cause) }, { cause });
  }
}

async function* readRaw(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 256 * 1024 })) {
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = describeCause(cause);
    throw new KeepsakeError('IMPORT_UNREADABLE', { path, reason }, { cause });
  }
}

async function firstBytes(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const cursor = new ByteCursor(bytes);
  try {
    return await cursor.take(TAR_BLOCK_BYTES);
  } finally {
    await cursor.close();
  }
}

function startsWith(bytes: Uint8Array, magicHex: string): boolean {
  const magic = Buffer.from(magicHex, 'hex');
  return magic.equals(bytes.subarray(0, magic.length));
}
