/**
 * scrypt with its lanes spread over threads. OpenSSL takes one after the other: half a second for
 * what restic calibrates on a machine with two cores.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../base/sibling-module.ts';
import {
  expandLanes,
  gatherLanes,
  scryptByNode,
  type Scrypt,
  type ScryptParams,
} from '../format/kdf.ts';
import { mixerBytes } from '../format/scrypt-layout.ts';
import type { MixWidth } from '../format/scrypt-mix.ts';
import type { ScryptJob } from './scrypt-job.ts';

/** N·r·p of a single lane of restic's, for which OpenSSL takes as long as a thread to start. */
const WORTH_A_THREAD = 2 ** 18;
const MAX_THREADS = 2;
/** Of one thread; restic's keys take 32 MiB. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
/** What mixing so many lanes side by side takes: three half as long again as two. */
const WIDTHS = [
  { width: 2, cost: 2 },
  { width: 3, cost: 3 },
] as const;
/** Little is allocated outside of WebAssembly's memory. */
const NURSERY_MB = 1;

/** Whether keys of these parameters are derived here at all, and not by OpenSSL. */
export function canSpread(params: ScryptParams): boolean {
  const { N, r, p } = params;
  const isWorthIt = N >= 4 && p > 1 && N * r * p > WORTH_A_THREAD;
  return isWorthIt && WIDTHS.every(({ width }) => mixerBytes(params, width) <= MAX_MEMORY_BYTES);
}

/** Falls back to OpenSSL wherever threads or vectors are not to be had. */
export const scryptByWorkers: Scrypt = async (password, salt, params) => {
  if (!canSpread(params)) return scryptByNode(password, salt, params);
  const job = newJob(expandLanes(password, salt, params), params);
  const threads: Thread[] = [];
  try {
    for (let left = threadCount(params); left > 0; left -= 1) threads.push(startThread(job));
    await Promise.all(threads.map(({ done }) => done));
  } catch {
    return await scryptByNode(password, salt, params);
  } finally {
    // Their memory is given back before the command's own work begins.
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
  return gatherLanes(password, Uint8Array.from(new Uint8Array(job.lanes)));
};

function threadCount({ p }: ScryptParams): number {
  return Math.min(Math.ceil(p / 2), availableParallelism(), MAX_THREADS);
}

/** With which the last thread is done first: six lanes are three and three, four two and two. */
function bestWidth(params: ScryptParams): MixWidth {
  const rounds = WIDTHS.map(({ width, cost }) => {
    const turns = Math.ceil(Math.ceil(params.p / width) / threadCount(params));
    return { width, cost: turns * cost };
  });
  return rounds.reduce((best, other) => (other.cost < best.cost ? other : best)).width;
}

function newJob(lanes: Uint8Array, params: ScryptParams): ScryptJob {
  const { N, r } = params;
  const shared = new SharedArrayBuffer(lanes.length);
  new Uint8Array(shared).set(lanes);
  return { N, r, width: bestWidth(params), lanes: shared, next: new SharedArrayBuffer(4) };
}

interface Thread {
  readonly worker: Worker;
  readonly done: Promise<void>;
}

function startThread(job: ScryptJob): Thread {
  const worker = new Worker(siblingModule(import.meta.url, './scrypt-worker-main'), {
    workerData: job,
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.on('message', () => resolve());
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('a thread ended too early')));
  return { worker, done: promise };
}
