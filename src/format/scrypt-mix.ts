/**
 * scrypt's expensive part, ROMix (RFC 7914 §5), two lanes at a time.
 *
 * The two share the memory that one is meant to take: of the N places that ROMix fills, every other
 * is kept, and a missing one is made again from the one before it. That is a quarter more work, of
 * which less memory to read gives back a part.
 *
 * Measured on one core (AMD EPYC, Node 24.21, N=32768 r=8), time a lane: OpenSSL 72 ms; this loop
 * with one lane 51 ms in 32 MiB; two lanes 33 ms in 64 MiB; two lanes 37 ms in 32 MiB.
 */
import { equalBytes, fromHex } from '../base/bytes.ts';
import { BLOCK_BYTES, BLOCK_MIX, LANES } from './block-mix.ts';
import { instantiate, type WasmInstance } from './wasm-assembler.ts';

const BLOCK_WORDS = 16;
const PAGE_BYTES = 64 * 1024;

export interface MixParams {
  /** A power of two, at least 4. */
  readonly N: number;
  readonly r: number;
}

/** One lane's way: which two places the next step mixes, and where the result goes. */
class Lane {
  from = 0;
  with = 0;
  to = 0;
  readonly #words: Uint32Array;
  readonly #params: MixParams;
  readonly #zeroAt: number;
  /** Two places of scratch, then every other of the N blocks, then the one after them. */
  readonly #at: number;
  readonly #kept: number;
  #state = 0;
  #other = 0;
  #filled = 0;
  #mixed = 0;
  #isMadeAgain = false;

  constructor(
    words: Uint32Array,
    params: MixParams,
    { at, zeroAt }: Record<'at' | 'zeroAt', number>,
  ) {
    this.#words = words;
    this.#params = params;
    this.#zeroAt = zeroAt;
    this.#at = at;
    this.#kept = at + 2 * placeBytes(params);
  }

  start(block: Uint8Array): void {
    const bytes = placeBytes(this.#params);
    copyTurned(wordsOf(block), this.#words.subarray(this.#kept / 4, (this.#kept + bytes) / 4), 1);
    this.#filled = 0;
    this.#mixed = 0;
    this.#state = this.#place(this.#params.N);
    this.#other = this.#at;
  }

  /** Into `block`, once `next` has said that there is no more. */
  finish(block: Uint8Array): void {
    const bytes = placeBytes(this.#params);
    const mixed = new Uint32Array(bytes / 4);
    copyTurned(this.#words.subarray(this.#state / 4, (this.#state + bytes) / 4), mixed, -1);
    block.set(new Uint8Array(mixed.buffer));
  }

  /** Sets `from`, `with` and `to`; false when all is done. */
  next(): boolean {
    const { N } = this.#params;
    this.with = this.#zeroAt;
    if (this.#filled < N) {
      this.from = this.#place(this.#filled);
      this.#filled += 1;
      this.to = this.#place(this.#filled);
      return true;
    }
    if (this.#mixed === N) return false;
    const scratch = this.#at + placeBytes(this.#params);
    if (this.#isMadeAgain) {
      this.#isMadeAgain = false;
      this.with = scratch;
    } else {
      const wanted = this.#wanted();
      const kept = this.#place(wanted & ~1);
      if (wanted % 2 === 1) {
        this.#isMadeAgain = true;
        this.from = kept;
        this.to = scratch;
        return true;
      }
      this.with = kept;
    }
    this.from = this.#state;
    this.to = this.#other;
    this.#state = this.to;
    this.#other = this.from;
    this.#mixed += 1;
    return true;
  }

  /** Nothing left to do while the other lane has: works on scratch. */
  idle(): void {
    this.from = this.#zeroAt;
    this.with = this.#zeroAt;
    this.to = this.#other;
  }

  /** Integerify: the first word of the last block, below N. */
  #wanted(): number {
    const at = this.#state + placeBytes(this.#params) - BLOCK_BYTES;
    return (this.#words[at / 4] ?? 0) & (this.#params.N - 1);
  }

  #place(index: number): number {
    return index % 2 === 1 ? this.#at : this.#kept + (index / 2) * placeBytes(this.#params);
  }
}

/** Mixes lanes two at a time, in memory of its own that goes with it. */
export class ScryptMixer {
  readonly #wasm: WasmInstance;
  readonly #lanes: readonly Lane[];
  readonly #last: number;

  constructor(params: MixParams) {
    const zeroAt = 0;
    const laneBytes = mixerBytes(params) / 2;
    const starts = LANES.map((lane) => placeBytes(params) + lane * laneBytes);
    const memoryPages = Math.ceil((placeBytes(params) + 2 * laneBytes) / PAGE_BYTES);
    this.#wasm = instantiate({ ...BLOCK_MIX, memoryPages });
    const words = new Uint32Array(this.#wasm.memory.buffer);
    this.#lanes = starts.map((at) => new Lane(words, params, { at, zeroAt }));
    this.#last = placeBytes(params) - BLOCK_BYTES;
  }

  /** Mixes blocks of 128·r bytes in place, asking for the next as it can take one. */
  mix(nextBlock: () => Uint8Array | undefined): void {
    const { run } = this.#wasm;
    const [one, two] = this.#lanes.map((lane) => new Occupied(lane, nextBlock)) as [
      Occupied,
      Occupied,
    ];
    const [a, b] = [one.lane, two.lane];
    for (;;) {
      const hasOne = one.next();
      if (!two.next() && !hasOne) return;
      run(a.from, a.with, a.to, b.from, b.with, b.to, this.#last);
    }
  }
}

/** A lane with the block in it, if any. */
class Occupied {
  readonly lane: Lane;
  readonly #nextBlock: () => Uint8Array | undefined;
  #block: Uint8Array | undefined;

  constructor(lane: Lane, nextBlock: () => Uint8Array | undefined) {
    this.lane = lane;
    this.#nextBlock = nextBlock;
    this.#begin();
  }

  next(): boolean {
    while (this.#block !== undefined) {
      if (this.lane.next()) return true;
      this.lane.finish(this.#block);
      this.#begin();
    }
    this.lane.idle();
    return false;
  }

  #begin(): void {
    this.#block = this.#nextBlock();
    if (this.#block !== undefined) this.lane.start(this.#block);
  }
}

/** What a mixer of these parameters takes. */
export function mixerBytes(params: MixParams): number {
  return 2 * placeBytes(params) * (params.N / 2 + 3);
}

function placeBytes({ r }: MixParams): number {
  return 2 * r * BLOCK_BYTES;
}

function wordsOf(block: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(block).buffer);
}

/** From plain order to diagonals, or back. */
function copyTurned(from: Uint32Array, to: Uint32Array, direction: 1 | -1): void {
  for (let block = 0; block < from.length; block += BLOCK_WORDS) {
    for (let word = 0; word < BLOCK_WORDS; word += 1) {
      const [plain, turned] = [block + ((5 * word) % BLOCK_WORDS), block + word];
      if (direction === 1) to[turned] = from[plain] ?? 0;
      else to[plain] = from[turned] ?? 0;
    }
  }
}

/** RFC 7914 §10: ROMix with N=16 and r=1. */
const VECTOR = {
  input:
    'f7ce0b653d2d72a4108cf5abe912ffdd777616dbbb27a70e8204f3ae2d0f6fad' +
    '89f68f4811d1e87bcc3bd7400a9ffd29094f0184639574f39ae5a1315217bcd7' +
    '894991447213bb226c25b54da86370fbcd984380374666bb8ffcb5bf40c254b0' +
    '67d27c51ce4ad5fed829c90b505a571b7f4d1cad6a523cda770e67bceaaf7e89',
  output:
    '79ccc193629debca047f0b70604bf6b62ce3dd4a9626e355fafc6198e6ea2b46' +
    'd58413673b99b029d665c357601fb426a0b2f4bba200ee9f0a43d19b571a9c71' +
    'ef1142e65d5a266fddca832ce59faa7cac0b9cf1be2bffca300d01ee387619c4' +
    'ae12fd4438f203a0e4e1c47ec314861f4e9087cb33396a6873e8f9d2539a4b8e',
};

/** Whether this machine mixes both lanes as it should. */
export function scryptMixHolds(expected: Uint8Array = fromHex(VECTOR.output)): boolean {
  const blocks = LANES.map(() => fromHex(VECTOR.input));
  const waiting = [...blocks];
  new ScryptMixer({ N: 16, r: 1 }).mix(() => waiting.shift());
  return blocks.every((block) => equalBytes(block, expected));
}
