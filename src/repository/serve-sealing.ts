/** The sealing worker's side: batches of plaintexts in, sealed and verified blobs out. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemRandom } from '../base/clock.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { ThreadSealer, type SealSettings } from './blob-sealer.ts';
import type { Parcel, SealAnswer, SealRequest } from './seal-protocol.ts';

/** @param work what a worker of a higher layer does besides: its tasks */
export function serveSealing(
  work?: (task: unknown, sealer: ThreadSealer) => Parcel<unknown>,
): void {
  const sealer = new ThreadSealer(workerData as SealSettings, systemRandom);
  parentPort?.on('message', (request: SealRequest) => {
    const { content, memory } = answer(request, sealer, work);
    parentPort?.postMessage(content, [...memory]);
  });
}

function answer(
  request: SealRequest,
  sealer: ThreadSealer,
  work: Parameters<typeof serveSealing>[0],
): Parcel<SealAnswer> {
  try {
    if (request.kind === 'seal') return sealBatch(request, sealer);
    if (work === undefined) throw new Error('this worker only seals');
    const { content, memory } = work(request.task, sealer);
    return { content: { kind: 'done', result: content }, memory };
  } catch (error) {
    if (!isKeepsakeError(error, 'REPOSITORY_SELF_CHECK')) throw error;
    return { content: { kind: 'failed', what: error.details.what }, memory: [] };
  }
}

function sealBatch(
  { items, bytes, room }: SealRequest & { kind: 'seal' },
  sealer: ThreadSealer,
): Parcel<SealAnswer> {
  let at = 0;
  let filled = 0;
  const sealed = items.map(({ type, id, length }) => {
    const plaintext = bytes.subarray(at, at + length);
    at += length;
    const result = sealer.sealInto(room.subarray(filled), { type, id, plaintext });
    filled += result.length;
    return result;
  });
  return {
    content: { kind: 'sealed', items: sealed, bytes, room },
    memory: [bytes.buffer, room.buffer],
  };
}
