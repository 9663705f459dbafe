/**
 * The Rabin fingerprint of a sliding window of 64 bytes, in WebAssembly (scripts/wasm/rabin-scan.ts).
 *
 * The fingerprint of bytes b0..b63 is b0·x^504 + b1·x^496 + … + b63 modulo the polynomial P (degree
 * 53). It is linear, so a byte that leaves is cancelled by a table, and two bytes are taken in one
 * step: that halves the chain of dependent loads which bounds the speed.
 *
 *   one byte:   D1 = L(D) ^ L(o1·x^504) ^ b1                         L(v) = v·x^8 mod P
 *   two bytes:  D2 = L(L(D)) ^ L(L(o1·x^504)) ^ b1·x^8 ^ L(o2·x^504) ^ b2
 *   where o is the byte leaving, b the byte coming, and, with D = top8·x^45 + next8·x^37 + rest,
 *   L(L(D)) = (D << 16 within 64 bits) ^ HIGH[top8] ^ LOW[next8],  L(D) = D << 8 ^ LOW[top8]
 *   (HIGH and LOW also cancel the bits that the shift pushes beyond x^52)
 *
 * A cut is where the low 20 bits are zero. Source: restic/chunker chunker.go @ HEAD.
 *
 * Measured on one core (AMD EPYC, Node 24.21, 64 MiB of random bytes): this loop hashes 520 to 590
 * MB/s; the same in JavaScript, a byte at a time on two 32-bit halves, 220 to 250. Content is cut at
 * 830 MB/s, because the first 512 KiB of each chunk are not hashed.
 *
 * Memory: tables of 256 × 8 bytes little-endian at 0 (LOW), 2048 (HIGH), 4096 (OUT1: L(o·x^504)),
 * 6144 (OUT2: L(L(o·x^504))); then the state and, right behind it, the bytes to scan.
 */
import { POLYNOMIAL_DEGREE } from './polynomial.ts';
import { RABIN_SCAN } from './wasm-code.ts';
import { instantiate, type WasmInstance } from './wasm-instance.ts';

export const WINDOW = 64;
/** Digest (8 bytes), then the last 64 bytes. All zero is the start. */
export const STATE_BYTES = 8 + WINDOW;

const MEMORY_BYTES = 128 * 1024;
/** What the loop (scripts/wasm/rabin-scan.ts) has to know. */
export const STATE_AT = 8192;
const WINDOW_AT = STATE_AT + 8;
const BLOCK_AT = WINDOW_AT + WINDOW;
/** How many bytes one call takes at most. */
export const BLOCK_BYTES = MEMORY_BYTES - BLOCK_AT;

/** One polynomial's tables and loop. Between calls the state is the caller's: many may share it. */
export class RabinEngine {
  readonly #wasm: WasmInstance;
  readonly #window: Uint8Array;

  constructor(polynomial: bigint) {
    this.#wasm = instantiate(RABIN_SCAN, MEMORY_BYTES);
    this.#window = this.#wasm.memory.subarray(STATE_AT, BLOCK_AT);
    fillTables(new BigUint64Array(this.#wasm.memory.buffer), polynomial);
  }

  /**
   * Slides the window over `bytes` (at most `BLOCK_BYTES`) and moves `state` along. Gives how many
   * bytes lead up to the first cut, or 0 if there is none; after a cut the state is worthless.
   */
  scan(bytes: Uint8Array, state: Uint8Array, { quiet = false } = {}): number {
    const { memory, run } = this.#wasm;
    this.#window.set(state);
    memory.set(bytes, BLOCK_AT);
    const stop = run(WINDOW_AT, WINDOW_AT + bytes.length, quiet ? 1 : 0);
    if (stop > 0) return stop - WINDOW_AT;
    state.set(memory.subarray(STATE_AT, WINDOW_AT));
    state.set(memory.subarray(WINDOW_AT + bytes.length, BLOCK_AT + bytes.length), 8);
    return 0;
  }
}

function fillTables(words: BigUint64Array, polynomial: bigint): void {
  const leaving = 8 * WINDOW;
  const powers = powersOfX(leaving + 16, polynomial);
  const remainder = (exponent: number) => (bit: number) => powers[exponent + bit] ?? 0n;
  // Within a shift, what it pushes out at the top is cancelled as well.
  const shifted = (exponent: number) => (bit: number) =>
    remainder(exponent)(bit) ^ (1n << BigInt(exponent + bit));
  fillTable(words.subarray(0, 256), shifted(POLYNOMIAL_DEGREE));
  fillTable(words.subarray(256, 512), shifted(POLYNOMIAL_DEGREE + 8));
  fillTable(words.subarray(512, 768), remainder(leaving));
  fillTable(words.subarray(768, 1024), remainder(leaving + 8));
}

/** x^0 … x^(count-1) modulo the polynomial, each from the one before. */
function powersOfX(count: number, polynomial: bigint): bigint[] {
  const powers = [1n];
  for (let last = 1n; powers.length < count; powers.push(last)) {
    last <<= 1n;
    if (last >> BigInt(POLYNOMIAL_DEGREE) !== 0n) last ^= polynomial;
  }
  return powers;
}

/** Each entry is linear in its byte: the sum of the entries of the byte's bits. */
function fillTable(table: BigUint64Array, entryOfBit: (bit: number) => bigint): void {
  for (let bit = 0; bit < 8; bit += 1) {
    const entry = entryOfBit(bit);
    for (let rest = 0; rest < 1 << bit; rest += 1) {
      table[(1 << bit) | rest] = (table[rest] ?? 0n) ^ entry;
    }
  }
}
