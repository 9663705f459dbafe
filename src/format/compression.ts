/**
 * zstd for blobs and documents: one frame a value, content size in its header, no checksum (the MAC
 * and the id are stronger), as restic writes them.
 *
 * Source: restic internal/repository/repository.go `getZstdEncoder` @ a80be14; RFC 8878.
 *
 * Two providers. A short command has few values and takes `node:zlib`, which is there. After
 * `CALLS_BEFORE_LIBRARY` values it pays off to call Node's zstd directly: see `zstd-library.ts`.
 * `node:zlib` cannot use a context twice: each synchronous call makes one (0.2 MB for 16 KiB of input, 2–3 MB
 * for 1 MiB), and what thousands of calls leave behind waits for the collector: 45–80 MB of RSS in
 * a thread (Node 24.21). Its output chunks are kept small when compressing, because Node hands out
 * a slice of the whole chunk: sizing it for the worst case costs 35 MB more at 1 MiB blobs.
 * Decompressing knows the size, and one chunk of it is a third faster than the default 16 KiB ones.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { zstdLibrary, type ZstdLibrary } from './zstd-library.ts';

/** restic's names. `off` still compresses trees and documents in a version 2 repository. */
export type CompressionMode = 'off' | 'auto' | 'fastest' | 'better' | 'max';

// The zstd levels that restic's encoder names stand for (klauspost/compress zstd `EncoderLevel`).
export const LEVELS: Readonly<Record<Exclude<CompressionMode, 'off'>, number>> = {
  fastest: 1,
  auto: 3,
  better: 7,
  max: 11,
};

const MIN_CHUNK_BYTES = 64;
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;
/**
 * Of documents whose size is not known. A chunk of the largest size for each snapshot of a hundred
 * bytes makes the collector run again and again.
 */
const USUAL_RATIO = 8;

/**
 * Small blobs, pages of databases above all, gain nothing from a higher level than this (8 KiB
 * pages: 0.462 of their size at level 1, 0.460 at level 3) and take two thirds of its time.
 */
const SMALL_BYTES = 16 * 1024;
const SMALL_LEVEL = 1;

const CALLS_BEFORE_LIBRARY = 32;
let calls = 0;

/** Who does the work; given by tests, chosen by `currentProvider` otherwise. */
export type ZstdProvider = ZstdLibrary | 'node:zlib';

function currentProvider(): ZstdProvider {
  calls += 1;
  return (calls > CALLS_BEFORE_LIBRARY ? zstdLibrary() : undefined) ?? 'node:zlib';
}

export function compress(
  plaintext: Uint8Array,
  mode: Exclude<CompressionMode, 'off'> = 'auto',
  provider: ZstdProvider = currentProvider(),
): Uint8Array {
  return new Uint8Array(compressTransient(plaintext, mode, provider));
}

/** As `compress`; the result may be a view that the next call overwrites. */
export function compressTransient(
  plaintext: Uint8Array,
  mode: Exclude<CompressionMode, 'off'> = 'auto',
  provider: ZstdProvider = currentProvider(),
): Uint8Array {
  const small = mode === 'auto' && plaintext.length <= SMALL_BYTES;
  const level = small ? SMALL_LEVEL : LEVELS[mode];
  const frame = provider === 'node:zlib' ? undefined : provider.compress(plaintext, level);
  if (frame !== undefined) return frame;
  return zstdCompressSync(plaintext, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

export interface DecompressOptions {
  /** Names the bytes in errors. */
  readonly what: string;
  /** What the result must be at most; more is an error before it takes memory. */
  readonly maxSizeBytes: number;
  /** Exact size, where it is known. */
  readonly sizeBytes?: number | undefined;
}

/** Throws `FORMAT_DECOMPRESS` for bytes that are no zstd, end early, or give another size. */
export function decompress(
  compressed: Uint8Array,
  { what, maxSizeBytes, sizeBytes }: DecompressOptions,
  provider: ZstdProvider = currentProvider(),
): Uint8Array {
  // Only what the frame itself says, too, is believed: a wrong record must not take memory.
  if (provider !== 'node:zlib' && sizeBytes !== undefined && sizeBytes <= maxSizeBytes) {
    const isTrue = provider.contentSize(compressed) === sizeBytes;
    if (isTrue) return inflateKnown(provider, compressed, { what, sizeBytes });
  }
  const limit = Math.max(1, Math.min(maxSizeBytes, sizeBytes ?? maxSizeBytes));
  const chunkBytes = sizeBytes === undefined ? compressed.length * USUAL_RATIO : limit + 1;
  const plaintext = inflate(compressed, what, { limit, chunkBytes });
  if (sizeBytes !== undefined && plaintext.length !== sizeBytes) {
    const problem = `it gives ${plaintext.length} bytes, ${sizeBytes} were recorded`;
    throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem });
  }
  return plaintext;
}

/** As `decompress`, into `target`, which has exactly the size of the result. */
export function decompressInto(
  target: Uint8Array,
  compressed: Uint8Array,
  what: string,
  provider: ZstdProvider = currentProvider(),
): void {
  const { length: sizeBytes } = target;
  if (provider === 'node:zlib') {
    target.set(decompress(compressed, { what, maxSizeBytes: sizeBytes, sizeBytes }, provider));
    return;
  }
  const result = provider.decompressInto(target, compressed);
  if (result === 'ok') return;
  const problem = explain(result.problem, sizeBytes);
  throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem });
}

function inflateKnown(
  library: ZstdLibrary,
  compressed: Uint8Array,
  { what, sizeBytes }: { what: string; sizeBytes: number },
): Uint8Array {
  const plaintext = Buffer.allocUnsafeSlow(sizeBytes);
  decompressInto(plaintext, compressed, what, library);
  return plaintext;
}

function inflate(
  compressed: Uint8Array,
  what: string,
  { limit, chunkBytes }: { limit: number; chunkBytes: number },
): Uint8Array {
  const chunkSize = Math.min(Math.max(chunkBytes, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  try {
    return zstdDecompressSync(compressed, { maxOutputLength: limit, chunkSize });
  } catch (error) {
    const { code } = error as { code?: unknown };
    const problem = explain(typeof code === 'string' ? code : describeCause(error), limit);
    throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem }, { cause: error });
  }
}

/** Both providers' words for the same things, in ours. */
export function explain(problem: string, limit: number): string {
  switch (problem) {
    case 'ERR_BUFFER_TOO_LARGE':
    case 'Destination buffer is too small':
      return `it gives more than ${limit} bytes`;
    case 'Z_BUF_ERROR':
    case 'Src size is incorrect':
      return 'it ends inside a zstd frame';
    default:
      return problem;
  }
}
