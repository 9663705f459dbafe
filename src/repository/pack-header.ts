/** Reads pack headers: from a whole pack in memory, or from the end of one in the store. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { decodePackHeader, packHeaderLength } from '../format/pack.ts';

const LENGTH_BYTES = 4;
/** Enough for about 200 entries: most headers come with the first request. */
const FIRST_READ_BYTES = 8 << 10;

export function readPackHeader(pack: Uint8Array, master: MasterKey): IndexedBlob[] {
  const headerBytes = packHeaderLength(pack.subarray(-LENGTH_BYTES), pack.length);
  const end = pack.length - LENGTH_BYTES;
  return decodePackHeader(pack.subarray(end - headerBytes, end), master, pack.length);
}

/** Throws a `FORMAT_…` error when the header cannot be trusted. */
export async function loadPackHeader(
  { backend, master }: { backend: Backend; master: MasterKey },
  { name, sizeBytes }: { name: string; sizeBytes: number },
  { signal }: CallOptions = {},
): Promise<IndexedBlob[]> {
  const handle = { kind: 'pack', name } as const;
  const loadEnd = (lengthBytes: number): Promise<Uint8Array> =>
    backend.load(handle, { offsetBytes: sizeBytes - lengthBytes, lengthBytes, signal });
  let end = await loadEnd(Math.min(FIRST_READ_BYTES, sizeBytes));
  const headerBytes = packHeaderLength(end.subarray(-LENGTH_BYTES), sizeBytes);
  if (headerBytes + LENGTH_BYTES > end.length) end = await loadEnd(headerBytes + LENGTH_BYTES);
  const from = end.length - LENGTH_BYTES - headerBytes;
  return decodePackHeader(end.subarray(from, from + headerBytes), master, sizeBytes);
}
