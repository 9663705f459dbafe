import type { MixWidth } from '../format/scrypt-mix.ts';

/** What the threads of one derivation share. */
export interface ScryptJob {
  readonly N: number;
  readonly r: number;
  /** The lanes, each mixed in its place. */
  readonly lanes: SharedArrayBuffer;
  /** How many lanes a thread mixes side by side. */
  readonly width: MixWidth;
  /** One number: which lane is next. */
  readonly next: SharedArrayBuffer;
}
