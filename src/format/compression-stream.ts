/**
 * zstd for what is too large to be in memory twice: bytes in pieces, one frame as `compression.ts`
 * writes it. By `node:zlib`, whose streams work in the thread pool.
 */
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { LEVELS, type CompressionMode } from './compression.ts';

/** The frame in pieces; `sizeBytes` is what `pieces` give together. */
export async function compressPieces(
  pieces: Iterable<Uint8Array>,
  sizeBytes: number,
  mode: Exclude<CompressionMode, 'off'>,
): Promise<Uint8Array[]> {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVELS[mode] };
  const stream = createZstdCompress({ pledgedSrcSize: sizeBytes, params });
  return Array.fromAsync<Uint8Array>(through(stream, pieces));
}

/** What a frame gives, in pieces. Throws `FORMAT_DECOMPRESS`. */
export async function* decompressPieces(
  frame: Iterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* through(createZstdDecompress(), frame);
  } catch (cause) {
    throw new KeepsakeError(
      'FORMAT_DECOMPRESS',
      { what, problem: describeCause(cause) },
      { cause },
    );
  }
}

type ZstdStream = ReturnType<typeof createZstdCompress>;

async function* through(
  stream: ZstdStream,
  pieces: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const fed = feed(stream, pieces).catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const chunk of stream) yield chunk as Uint8Array;
  await fed;
}

async function feed(stream: ZstdStream, pieces: Iterable<Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    if (stream.destroyed) return;
    const taken = Promise.withResolvers<void>();
    stream.write(piece, () => taken.resolve());
    await taken.promise;
  }
  stream.end();
}
