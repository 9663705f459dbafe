/** A thread of a derivation: takes lanes and mixes them until none is left. */
import { parentPort, workerData } from 'node:worker_threads';
import { ScryptMixer } from '../format/scrypt-mix.ts';
import type { ScryptJob } from './scrypt-job.ts';

const { N, r, width, lanes, next } = workerData as ScryptJob;
const mixer = new ScryptMixer({ N, r }, width);
if (!mixer.holds()) throw new Error('scrypt gives a wrong answer');
const laneBytes = 128 * r;
const counter = new Int32Array(next);
for (;;) {
  const first = Atomics.add(counter, 0, width) * laneBytes;
  if (first >= lanes.byteLength) break;
  const end = Math.min(first + width * laneBytes, lanes.byteLength);
  const taken: Uint8Array[] = [];
  for (let at = first; at < end; at += laneBytes) taken.push(new Uint8Array(lanes, at, laneBytes));
  mixer.mix(taken);
}
parentPort?.postMessage('mixed', []);
