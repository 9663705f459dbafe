/** Content that comes as a stream, cut where restic cuts it. */
import { hash } from 'node:crypto';
import { ContentChunker, MAX_CHUNK_BYTES } from '../format/chunker.ts';
import type { Chunk } from './source.ts';

const FIRST_ROOM_BYTES = 64 * 1024;

export class StreamChunker {
  readonly #chunker: ContentChunker;
  /** Kept for the next stream: it grows with the largest chunk that was seen. */
  #room = new Uint8Array(FIRST_ROOM_BYTES);

  /** @param polynomial of the repository */
  constructor(polynomial: bigint) {
    this.#chunker = new ContentChunker(polynomial);
  }

  /** One stream at a time. */
  async *chunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
    this.#chunker.reset();
    let filled = 0;
    for await (const part of bytes) {
      for (let at = 0; at < part.length;) {
        const length = this.#chunker.scan(part, at);
        const end = length < 0 ? part.length : at + length - filled;
        filled = this.#append(filled, part.subarray(at, end));
        at = end;
        if (length < 0) continue;
        yield this.#take(filled);
        filled = 0;
      }
    }
    if (filled > 0) yield this.#take(filled);
  }

  #append(filled: number, part: Uint8Array): number {
    const end = filled + part.length;
    if (end > this.#room.length) {
      const larger = new Uint8Array(
        Math.min(MAX_CHUNK_BYTES, Math.max(end, 2 * this.#room.length)),
      );
      larger.set(this.#room.subarray(0, filled));
      this.#room = larger;
    }
    this.#room.set(part, filled);
    return end;
  }

  #take(filled: number): Chunk {
    return wholeChunk(this.#room.subarray(0, filled));
  }
}

/** Of content that is too small to be cut (`MIN_CHUNK_BYTES`), for instance. */
export function wholeChunk(bytes: Uint8Array): Chunk {
  return { id: hash('sha256', bytes, 'hex'), bytes };
}
