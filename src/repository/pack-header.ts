/** Reads the header of a pack held in memory. */
import type { MasterKey } from '../format/crypto.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { decodePackHeader, packHeaderLength } from '../format/pack.ts';

const LENGTH_BYTES = 4;

/** Throws a `FORMAT_…` error when the header cannot be trusted. */
export function readPackHeader(pack: Uint8Array, master: MasterKey): IndexedBlob[] {
  const headerBytes = packHeaderLength(pack.subarray(-LENGTH_BYTES), pack.length);
  const end = pack.length - LENGTH_BYTES;
  return decodePackHeader(pack.subarray(end - headerBytes, end), master, pack.length);
}
