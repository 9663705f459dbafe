/** What a repository offers to those who read and seal whole files in both threads. */
import type { SaveResult } from './blob-saver.ts';
import type { SealedBlob, ThreadSealer } from './blob-sealer.ts';
import type { Parcel } from './seal-protocol.ts';

export interface FileSealing {
  /** For this thread's share. */
  readonly here: ThreadSealer;
  /** By which the repository has content cut. */
  readonly polynomial: bigint;
  /** So much will soon be to seal: where it is worth it, the worker is started meanwhile. */
  expect(workBytes: number): void;
  /** Hands a task to the worker's module; `undefined` where it has enough to do, or is none. */
  run(task: Parcel<unknown>, workBytes: number): Promise<unknown> | undefined;
  /** Stores a data blob that was sealed and verified; its bytes are copied. */
  add(blob: SealedBlob): SaveResult;
  /** For a time in which little will be added. */
  sendAhead(): void;
  /** Resolves when there is room for more. */
  ready(): Promise<void>;
}
