/**
 * scrypt's expensive part, ROMix (RFC 7914 §5), several lanes at a time.
 *
 * They share the memory that one is meant to take: with three lanes every third of the N places that
 * ROMix fills is kept, and half as much work more is done to make the missing ones again.
 *
 * Measured on one core (AMD EPYC, Node 24.21, N=32768 r=8), time a lane: OpenSSL 72 ms; this loop
 * with one lane 53 ms in 32 MiB; two lanes 32 ms in 64 MiB, 36 ms in 32; three lanes 32 ms in 48
 * MiB, 37 ms in 32. To the first time 25 ms are added by fresh memory and code.
 */
import { equalBytes, fromHex } from '../base/bytes.ts';
import {
  BLOCK_BYTES,
  layoutOf,
  mixerBytes,
  STATE,
  STATE_BYTES,
  WORKING_PLACES,
  type Layout,
  type MixParams,
} from './scrypt-layout.ts';
import { RO_MIX } from './wasm-code.ts';
import { instantiate, type WasmInstance } from './wasm-instance.ts';

const BLOCK_WORDS = 16;
/** A call, so that V8 can go over to optimized code between two. */
const STEPS_A_CALL = 256;

/** How many lanes can be mixed at once. */
export type MixWidth = keyof typeof RO_MIX;

/** Mixes that many lanes at a time, in memory of its own that goes with it. */
export class ScryptMixer {
  readonly #wasm: WasmInstance;
  readonly #words: Uint32Array;
  readonly #lanes: MixWidth;
  readonly #layout: Layout;

  constructor(params: MixParams, lanes: MixWidth) {
    this.#lanes = lanes;
    this.#layout = layoutOf(params, lanes);
    const bytes = Math.max(mixerBytes(params, lanes), mixerBytes(VECTOR, lanes));
    this.#wasm = instantiate(RO_MIX[lanes], bytes);
    this.#words = new Uint32Array(this.#wasm.memory.buffer);
  }

  /** Whether this machine mixes all lanes as it should. */
  holds(expected: Uint8Array = fromHex(VECTOR.output)): boolean {
    const blocks = Array.from({ length: this.#lanes }, () => fromHex(VECTOR.input));
    this.#mix(blocks, layoutOf(VECTOR, this.#lanes));
    this.#place(0, mixerBytes(VECTOR, this.#lanes)).fill(0); // zeros are needed there
    return blocks.every((block) => equalBytes(block, expected));
  }

  /** Mixes blocks of 128·r bytes in place, at most as many as it has lanes. */
  mix(blocks: readonly Uint8Array[]): void {
    this.#mix(blocks, this.#layout);
  }

  #mix(blocks: readonly Uint8Array[], layout: Layout): void {
    const { N, place, base, laneBytes } = layout;
    const kept = base + WORKING_PLACES * place;
    blocks.forEach((block, lane) => {
      copyTurned(wordsOf(block), this.#place(kept + lane * laneBytes, place), 1);
    });
    for (let filled = 0; filled < N; filled += STEPS_A_CALL) {
      this.#run(layout, Math.min(STEPS_A_CALL, N - filled), filled);
    }
    for (let lane = 0; lane < this.#lanes; lane += 1) {
      this.#begin(layout, lane, lane < blocks.length);
    }
    while (this.#run(layout, STEPS_A_CALL, N) !== 0);
    blocks.forEach((block, lane) => {
      const mixed = new Uint32Array(place / 4);
      copyTurned(this.#place(this.#stateOf(layout, lane)[STATE.x / 4] ?? 0, place), mixed, -1);
      block.set(new Uint8Array(mixed.buffer));
    });
  }

  #run({ N, place, states, base, laneBytes }: Layout, steps: number, filled: number): number {
    return this.#wasm.run(steps, place, N - 1, filled, states, base, laneBytes);
  }

  /** The state is what came after the last place that was filled. */
  #begin(layout: Layout, lane: number, isBusy: boolean): void {
    const { N, place, stride, base, laneBytes } = layout;
    const laneAt = base + lane * laneBytes;
    const after = N % stride === 0 ? WORKING_PLACES + N / stride : 1 + (N % stride);
    const x = this.#place(laneAt, place);
    x.set(this.#place(laneAt + after * place, place));
    const wanted = (x[(place - BLOCK_BYTES) / 4] ?? 0) & (N - 1);
    const state = this.#stateOf(layout, lane);
    const kept = WORKING_PLACES + Math.floor(wanted / stride);
    state[STATE.x / 4] = laneAt;
    state[STATE.source / 4] = laneAt + kept * place;
    state[STATE.missing / 4] = isBusy ? wanted % stride : 0;
    state[STATE.todo / 4] = isBusy ? N : 0;
  }

  #stateOf({ states }: Layout, lane: number): Uint32Array {
    return this.#place(states + lane * STATE_BYTES, STATE_BYTES);
  }

  #place(at: number, bytes: number): Uint32Array {
    return this.#words.subarray(at / 4, (at + bytes) / 4);
  }
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
  N: 16,
  r: 1,
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
