/** The opening worker: sealed runs in, proved plaintexts out. */
import { parentPort } from 'node:worker_threads';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { MasterKey } from '../format/crypto.ts';
import type { WorkerOrder } from './run-opener.ts';
import { openRun, releaseMemory } from './sealed-run.ts';

let master: MasterKey | undefined;

parentPort?.on('message', (order: WorkerOrder) => {
  if ('master' in order) {
    master = order.master;
    return;
  }
  assertInternal(master, 'a run came before the key');
  const opened = openRun(master, order.run);
  releaseMemory(order.run.bytes);
  parentPort?.postMessage(opened, [opened.plaintext.buffer]);
});
