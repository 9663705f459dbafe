/**
 * Cuts file content where restic cuts it, so that what either stored is found again by the other.
 *
 *   chunk   512 KiB to 8 MiB; cut behind the first byte from 512 KiB on at which the Rabin
 *           fingerprint of the last 64 bytes has its low 20 bits zero, at the latest at 8 MiB
 *   window  64 bytes, only of the chunk itself: the first 512 KiB - 64 are never looked at
 *
 * Source: restic/chunker chunker.go @ HEAD.
 */
import { createCipheriv } from 'node:crypto';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { degree, POLYNOMIAL_DEGREE } from './polynomial.ts';
import { BLOCK_BYTES, RabinEngine, STATE_BYTES, WINDOW } from './rabin-engine.ts';

/** Smaller files are one chunk: no chunker is needed for them. */
export const MIN_CHUNK_BYTES = 512 * 1024;
export const MAX_CHUNK_BYTES = 8 * 1024 * 1024;

const SKIP_BYTES = MIN_CHUNK_BYTES - WINDOW;

const engines = new Map<bigint, RabinEngine>();

function engineFor(polynomial: bigint): RabinEngine {
  let engine = engines.get(polynomial);
  if (engine === undefined) {
    engine = new RabinEngine(polynomial);
    engines.set(polynomial, engine);
  }
  return engine;
}

/**
 * Finds the cuts of one file after another. The caller reads in pieces of any size and hands each
 * over; nothing is kept of them but the last 64 bytes.
 */
export class ContentChunker {
  readonly #polynomial: bigint;
  readonly #state = new Uint8Array(STATE_BYTES);
  #length = 0;

  /** @param polynomial irreducible, of degree 53: the repository's */
  constructor(polynomial: bigint) {
    assertInternal(degree(polynomial) === POLYNOMIAL_DEGREE, 'chunker polynomial of wrong degree');
    this.#polynomial = polynomial;
  }

  /** How many bytes of the current chunk were seen. */
  get length(): number {
    return this.#length;
  }

  /** Forgets the current chunk: a new file begins. */
  reset(): void {
    this.#length = 0;
    this.#state.fill(0);
  }

  /**
   * Goes on with the current chunk in `bytes` from `offset`. Gives the whole chunk's length if it
   * ends there (then a new chunk begins), counting what earlier calls saw; -1 if it goes on
   * beyond `bytes`. At the end of a file what `length` says is the last chunk.
   */
  scan(bytes: Uint8Array, offset = 0): number {
    let at = offset;
    const skipped = Math.min(Math.max(SKIP_BYTES - this.#length, 0), bytes.length - at);
    at += skipped;
    this.#length += skipped;
    while (at < bytes.length) {
      const taken = this.#scanBlock(bytes, at);
      at += taken.seen;
      if (taken.cut) return this.#endChunk();
    }
    return -1;
  }

  #scanBlock(bytes: Uint8Array, at: number): { seen: number; cut: boolean } {
    // Up to the last byte before the minimum the window only fills.
    const quiet = this.#length < MIN_CHUNK_BYTES - 1;
    const limit = (quiet ? MIN_CHUNK_BYTES - 1 : MAX_CHUNK_BYTES) - this.#length;
    const size = Math.min(limit, bytes.length - at, BLOCK_BYTES);
    const block = bytes.subarray(at, at + size);
    const found = engineFor(this.#polynomial).scan(block, this.#state, { quiet });
    const seen = found === 0 ? size : found;
    this.#length += seen;
    return { seen, cut: found !== 0 || this.#length === MAX_CHUNK_BYTES };
  }

  #endChunk(): number {
    const length = this.#length;
    this.reset();
    return length;
  }
}

/** The polynomial and first cut of a known stream: AES-256-CTR with key and counter zero. */
const KNOWN = { polynomial: 0x3da3358b4dc173n, streamBytes: 576 * 1024, cut: 551_133 };

/**
 * Throws `INTERNAL` if this machine cuts differently than restic would. Takes a few milliseconds.
 * The answer comes from restic/chunker itself, run over the same stream.
 */
export function chunkerSelfTest(): void {
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32), new Uint8Array(16));
  const stream = cipher.update(new Uint8Array(KNOWN.streamBytes));
  const cut = new ContentChunker(KNOWN.polynomial).scan(stream);
  assertInternal(cut === KNOWN.cut, `chunker self-test: cut at ${cut} instead of ${KNOWN.cut}`);
  const zeros = new ContentChunker(KNOWN.polynomial).scan(new Uint8Array(MIN_CHUNK_BYTES));
  assertInternal(zeros === MIN_CHUNK_BYTES, `chunker self-test: zeros cut at ${zeros}`);
}
