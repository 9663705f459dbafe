/**
 * zstd for blobs and documents, by `node:zlib`: one frame a value, content size in its header, no
 * checksum (the MAC and the id are stronger), as restic writes them.
 *
 * Source: restic internal/repository/repository.go `getZstdEncoder` @ a80be14; RFC 8878.
 *
 * Memory, measured on Node 24.21: a synchronous call makes a zstd context of its own (0.2 MB for
 * 16 KiB of input, 2–3 MB for 1 MiB) and Node offers no way to use one twice: `_processChunk`
 * closes its engine, and the streams that could be reused work asynchronously. What a call leaves
 * behind waits for the collector: 45–80 MB more RSS after thousands of calls in a row, in a thread.
 * So few threads should compress. Output chunks are kept small when compressing, because Node hands
 * out a slice of the whole chunk: sizing it for the worst case costs 35 MB more at 1 MiB blobs.
 * Decompressing knows the size, and one chunk of it is a third faster than the default 16 KiB ones.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';

/** restic's names. `off` still compresses trees and documents in a version 2 repository. */
export type CompressionMode = 'off' | 'auto' | 'fastest' | 'better' | 'max';

// The zstd levels that restic's encoder names stand for (klauspost/compress zstd `EncoderLevel`).
const LEVELS: Readonly<Record<Exclude<CompressionMode, 'off'>, number>> = {
  fastest: 1,
  auto: 3,
  better: 7,
  max: 11,
};

const MIN_CHUNK_BYTES = 64;
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;

export function compress(
  plaintext: Uint8Array,
  mode: Exclude<CompressionMode, 'off'> = 'auto',
): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVELS[mode] };
  return zstdCompressSync(plaintext, { params });
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
): Uint8Array {
  const limit = Math.max(1, Math.min(maxSizeBytes, sizeBytes ?? maxSizeBytes));
  const plaintext = inflate(compressed, what, limit);
  if (sizeBytes !== undefined && plaintext.length !== sizeBytes) {
    const problem = `it gives ${plaintext.length} bytes, ${sizeBytes} were recorded`;
    throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem });
  }
  return plaintext;
}

function inflate(compressed: Uint8Array, what: string, limit: number): Uint8Array {
  const chunkSize = Math.min(Math.max(limit + 1, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  try {
    return zstdDecompressSync(compressed, { maxOutputLength: limit, chunkSize });
  } catch (error) {
    const problem = explain(error, limit);
    throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem }, { cause: error });
  }
}

function explain(error: unknown, limit: number): string {
  const code = (error as { code?: unknown }).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') return `it gives more than ${limit} bytes`;
  if (code === 'Z_BUF_ERROR') return 'it ends inside a zstd frame';
  return describeCause(error);
}
