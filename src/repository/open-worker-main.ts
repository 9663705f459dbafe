/** The opening worker: sealed runs in, proved plaintexts out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MasterKey } from '../format/crypto.ts';
import { openRun, releaseMemory, type SealedRun } from './sealed-run.ts';

const master = workerData as MasterKey;

parentPort?.on('message', (run: SealedRun) => {
  const opened = openRun(master, run);
  releaseMemory(run.bytes);
  parentPort?.postMessage(opened, [opened.plaintext.buffer]);
});
