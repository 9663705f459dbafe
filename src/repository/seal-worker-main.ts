/** The sealing worker: batches of plaintexts in, sealed and verified blobs out. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemRandom } from '../base/clock.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { sealVerified, type SealedBlob, type SealSettings } from './blob-sealer.ts';
import type { SealAnswer, SealBatch } from './seal-protocol.ts';

const settings = workerData as SealSettings;

parentPort?.on('message', (batch: SealBatch) => {
  const answer = sealBatch(batch);
  const moved = answer.kind === 'sealed' ? [answer.bytes.buffer, answer.spent.buffer] : [];
  parentPort?.postMessage(answer, moved);
});

function sealBatch({ items, bytes }: SealBatch): SealAnswer {
  const sealed: SealedBlob[] = [];
  let at = 0;
  for (const { type, id, length } of items) {
    const plaintext = bytes.subarray(at, at + length);
    at += length;
    try {
      sealed.push(sealVerified(settings, { type, id, plaintext }, systemRandom));
    } catch (error) {
      if (!isKeepsakeError(error, 'REPOSITORY_SELF_CHECK')) throw error;
      return { kind: 'failed', id };
    }
  }
  return {
    kind: 'sealed',
    items: sealed.map(({ sealed: { length }, uncompressedLength }) => ({
      length,
      uncompressedLength,
    })),
    bytes: joined(sealed),
    spent: bytes,
  };
}

function joined(blobs: readonly SealedBlob[]): Uint8Array<ArrayBuffer> {
  const length = blobs.reduce((sum, { sealed }) => sum + sealed.length, 0);
  const bytes = new Uint8Array(new ArrayBuffer(length));
  let at = 0;
  for (const { sealed } of blobs) {
    bytes.set(sealed, at);
    at += sealed.length;
  }
  return bytes;
}
