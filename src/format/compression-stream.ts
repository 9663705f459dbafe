/**
 * zstd for what is too large to be in memory: bytes in pieces, one frame as `compression.ts` writes
 * it. Compressed by `node:zlib`, whose streams work in the thread pool; decompressed by the library,
 * because who asks for the next piece cannot always wait.
 */
import { constants, createZstdCompress } from 'node:zlib';
import { concatBytes } from '../base/bytes.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decompress, explain, LEVELS, type CompressionMode } from './compression.ts';
import { zstdLibrary, type ZstdLibrary } from './zstd-library.ts';

/** Far more than Node takes from memory that several buffers share, so each lies in its own. */
const CHUNK_BYTES = 1 << 20;

/** What `compressPieces` gave; its memory is given back at once as the next piece is taken. */
export function* usedUp(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let last: Uint8Array | undefined;
  for (const piece of pieces) {
    // The end of one may lie in one memory with the beginning of the next.
    if (last !== undefined && last.buffer !== piece.buffer) releaseOfStream(last);
    last = piece;
    yield piece;
  }
  if (last !== undefined) releaseOfStream(last);
}

function releaseOfStream({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === CHUNK_BYTES) buffer.transfer(0);
}

/** The frame in pieces; `sizeBytes` is what `pieces` give together. */
export async function compressPieces(
  pieces: Iterable<Uint8Array>,
  sizeBytes: number,
  mode: Exclude<CompressionMode, 'off'>,
): Promise<Uint8Array[]> {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVELS[mode] };
  const stream = createZstdCompress({ pledgedSrcSize: sizeBytes, params, chunkSize: CHUNK_BYTES });
  return Array.fromAsync<Uint8Array>(through(stream, pieces));
}

/**
 * As `decompress`, of a frame in pieces, in views that the next one overwrites. Where the library
 * cannot be had, all of it is one piece.
 */
export function* decompressPieces(
  frame: Iterable<Uint8Array>,
  { what, sizeBytes }: { what: string; sizeBytes: number },
  library: ZstdLibrary | null = zstdLibrary() ?? null,
): Generator<Uint8Array> {
  if (library === null) {
    yield decompress(concatBytes(Array.from(frame, (part) => new Uint8Array(part))), {
      what,
      maxSizeBytes: sizeBytes,
      sizeBytes,
    });
    return;
  }
  let givenBytes = 0;
  let problem = '';
  try {
    for (const piece of library.decompressPieces(frame)) {
      givenBytes += piece.length;
      if (givenBytes > sizeBytes) break;
      yield piece;
    }
  } catch (error) {
    if (isKeepsakeError(error)) throw error;
    problem = explain(describeCause(error), sizeBytes);
  }
  if (problem === '' && givenBytes !== sizeBytes) {
    problem = `it gives ${givenBytes} bytes or more, ${sizeBytes} were recorded`;
  }
  if (problem !== '') throw new KeepsakeError('FORMAT_DECOMPRESS', { what, problem });
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
