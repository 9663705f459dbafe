/** A thread of a derivation: takes lanes and mixes them until none is left. */
import { parentPort, workerData } from 'node:worker_threads';
import { ScryptMixer, scryptMixHolds } from '../format/scrypt-mix.ts';
import type { ScryptJob } from './scrypt-job.ts';

if (!scryptMixHolds()) throw new Error('scrypt gives a wrong answer');
const { N, r, lanes, next } = workerData as ScryptJob;
const laneBytes = 128 * r;
const counter = new Int32Array(next);
new ScryptMixer({ N, r }).mix(() => {
  const at = Atomics.add(counter, 0, 1) * laneBytes;
  return at < lanes.byteLength ? new Uint8Array(lanes, at, laneBytes) : undefined;
});
parentPort?.postMessage('mixed', []);
