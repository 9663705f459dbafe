/**
 * The zstd that Node itself is linked with, called directly with contexts that are used again and
 * again. Where its functions cannot be found `node:zlib` does the same work.
 *
 * Never the system's libzstd: its inner calls would be bound to the functions that Node exports, and
 * contexts of one version be worked on by another (1.5.4 and 1.5.7 here), which only happens to work
 * for whole frames and fails for streams.
 *
 * Measured on pages of a database, compress and decompress, CPU a blob: 8 KiB 37 µs at level 1 and
 * 52 µs at level 3, against 78 and 112 µs with `node:zlib`, which makes and drops two contexts for
 * each blob and leaves them to the collector.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';

type Call = (...args: unknown[]) => number | bigint;

export interface ZstdLibrary {
  /** The frame: a view that the next call overwrites. `undefined` when the library refuses. */
  compress(plaintext: Uint8Array, level: number): Uint8Array | undefined;
  /** The size a frame says it gives; `undefined` when it does not say. */
  contentSize(compressed: Uint8Array): number | undefined;
  /** Exactly `target.length` bytes, or the reason why not. */
  decompressInto(target: Uint8Array, compressed: Uint8Array): 'ok' | { problem: string };
  /**
   * What a frame gives, in views that the next one overwrites; the frame comes in pieces, too. Throws
   * the reason where it is not good.
   */
  decompressPieces(frame: Iterable<Uint8Array>): Generator<Uint8Array>;
}

/** Of what is decompressed in pieces. */
const PIECE_BYTES = 32 * 1024;

/** A stream answers how many bytes it would like next; errors are far beyond (zstd.h, ZSTD_isError). */
const MAX_WANTED = 2 ** 32;

let loaded: ZstdLibrary | null | undefined;

/** `undefined` where the library cannot be had. Loading takes about 15 ms, once. */
export function zstdLibrary(): ZstdLibrary | undefined {
  loaded ??= load() ?? null;
  return loaded ?? undefined;
}

function load(): ZstdLibrary | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    // `null` finds the symbols of this process.
    return bind(koffi.load(null));
  } catch {
    return undefined; // no koffi, or a Node that hides its zstd: node:zlib serves
  }
}

function bind(library: ReturnType<typeof Koffi.load>): ZstdLibrary {
  const compressor: unknown = library.func('void *ZSTD_createCCtx(void)')();
  const decompressor: unknown = library.func('void *ZSTD_createDCtx(void)')();
  const compressBound = library.func('size_t ZSTD_compressBound(size_t)') as Call;
  const compressCall = library.func(
    'size_t ZSTD_compressCCtx(void *, void *, size_t, const void *, size_t, int)',
  ) as Call;
  const decompressCall = library.func(
    'size_t ZSTD_decompressDCtx(void *, void *, size_t, const void *, size_t)',
  ) as Call;
  const contentSizeCall = library.func(
    'uint64_t ZSTD_getFrameContentSize(const void *, size_t)',
  ) as Call;
  const errorName = library.func('const char *ZSTD_getErrorName(size_t)') as unknown as (
    code: number | bigint,
  ) => string;
  let scratch = Buffer.allocUnsafeSlow(64 * 1024);
  return {
    compress(plaintext, level) {
      const bound = Number(compressBound(plaintext.length));
      if (scratch.length < bound) scratch = Buffer.allocUnsafeSlow(bound);
      const args = [scratch, scratch.length, plaintext, plaintext.length, level];
      const length = compressCall(compressor, ...args);
      // Errors are sizes at the far end of the 64-bit range (zstd.h, ZSTD_isError).
      return Number(length) <= scratch.length ? scratch.subarray(0, Number(length)) : undefined;
    },
    contentSize(compressed) {
      const size = Number(contentSizeCall(compressed, compressed.length));
      // Unknown and invalid are the two largest numbers (zstd.h, ZSTD_CONTENTSIZE_UNKNOWN).
      return Number.isSafeInteger(size) ? size : undefined;
    },
    decompressInto(target, compressed) {
      const args = [target, target.length, compressed, compressed.length];
      const length = decompressCall(decompressor, ...args);
      if (Number(length) === target.length) return 'ok';
      if (Number(length) > target.length) return { problem: errorName(length) };
      return { problem: `it gives ${length} bytes, ${target.length} were recorded` };
    },
    decompressPieces: bindPieces(library, errorName),
  };
}

function bindPieces(
  library: ReturnType<typeof Koffi.load>,
  errorName: (code: number | bigint) => string,
): ZstdLibrary['decompressPieces'] {
  const create = library.func('void *ZSTD_createDStream(void)');
  const free = library.func('size_t ZSTD_freeDStream(void *)');
  const next = library.func(
    'size_t ZSTD_decompressStream_simpleArgs(void *, void *, size_t, void *, const void *, size_t, void *)',
  ) as Call;
  return function* decompressPieces(frame) {
    const stream: unknown = create();
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const written = new BigUint64Array(1);
    const read = new BigUint64Array(1);
    let wanted = 1;
    try {
      for (const part of frame) {
        read[0] = 0n;
        for (let isDone = part.length === 0; !isDone;) {
          written[0] = 0n;
          const args = [stream, piece, piece.length, written, part, part.length, read];
          const answer = next(...args);

          if (answer > MAX_WANTED) throw new Error(errorName(answer));
          wanted = Number(answer);
          const length = Number(written[0]);
          if (length > 0) yield piece.subarray(0, length);
          const isAllRead = Number(read[0]) === part.length;
          isDone = isAllRead && (wanted === 0 || length < piece.length);
        }
      }
      if (wanted !== 0) throw new Error('Src size is incorrect');
    } finally {
      free(stream);
    }
  };
}
