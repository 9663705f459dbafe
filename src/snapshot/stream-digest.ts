/** Length and hash of bytes that pass by. */
import { createHash } from 'node:crypto';

export interface StreamFacts {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export class StreamDigest {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  async *watch(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#sizeBytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** To be asked once, after the last byte. */
  finish(): StreamFacts {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
  }
}
