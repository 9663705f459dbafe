/** Tar archives as they lie on disk: as they are, in gzip or in zstd. */
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';

export type TarFormat = 'tar' | 'tar.gz' | 'tar.zst';

type Bytes = AsyncIterable<Uint8Array>;

/**
 * A call of the compressor costs as much as compressing some KiB: headers go in company. So does one
 * of the decompressor, which gives 16 KiB at a time if it is not told.
 */
const GATHERED_BYTES = 256 * 1024;

export function compressTar(tar: Bytes, format: TarFormat): AsyncGenerator<Uint8Array> {
  const gathered = gather(tar);
  if (format === 'tar') return gathered;
  return through(gathered, format === 'tar.gz' ? createGzip() : createZstdCompress());
}

/** Throws zlib's error where the bytes are damaged or end too early. */
export function decompressTar(bytes: Bytes, format: TarFormat): AsyncGenerator<Uint8Array> {
  if (format === 'tar') return gather(bytes);
  const how = { chunkSize: GATHERED_BYTES, readableHighWaterMark: GATHERED_BYTES };
  return through(bytes, format === 'tar.gz' ? createGunzip(how) : createZstdDecompress(how));
}

async function* gather(parts: Bytes): AsyncGenerator<Uint8Array> {
  let room = new Uint8Array(GATHERED_BYTES);
  let filled = 0;
  for await (const part of parts) {
    if (filled > 0 && filled + part.length > GATHERED_BYTES) {
      yield room.subarray(0, filled);
      room = new Uint8Array(GATHERED_BYTES);
      filled = 0;
    }
    if (part.length >= GATHERED_BYTES) yield part;
    else {
      room.set(part, filled);
      filled += part.length;
    }
  }
  if (filled > 0) yield room.subarray(0, filled);
}

type Transform = ReturnType<typeof createGzip>;

async function* through(source: Bytes, transform: Transform): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(source, transform);
  feeding.catch(() => {}); // the transform ends with the same error
  try {
    for await (const bytes of transform) yield bytes as Uint8Array;
  } finally {
    transform.destroy();
    await Promise.allSettled([feeding]);
  }
}
