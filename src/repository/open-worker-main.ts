/** The opening worker: sealed runs in, proved plaintexts out. */
import { parentPort, workerData } from 'node:worker_threads';
import { aesLibrary } from '../format/aes-library.ts';
import type { MasterKey } from '../format/crypto.ts';
import { zstdLibrary } from '../format/zstd-library.ts';
import { releaseMemory } from '../base/bytes.ts';
import { openRun, type SealedRun } from './sealed-run.ts';

// Now, and not with the first run, which others wait for.
zstdLibrary();
aesLibrary();

const master = workerData as MasterKey;

parentPort?.on('message', (run: SealedRun) => {
  const opened = openRun(master, run);
  releaseMemory(run.bytes);
  parentPort?.postMessage(opened, [opened.plaintext.buffer]);
});
