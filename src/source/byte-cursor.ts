/** Reads a stream of chunks by counts of bytes. */
type Bytes = AsyncIterable<Uint8Array>;

export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(bytes: Bytes) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, or what is left if the stream ends before. */
  async take(sizeBytes: number): Promise<Uint8Array> {
    if (this.#chunk.length >= sizeBytes) return this.#cut(sizeBytes);
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(sizeBytes)) parts.push(part);
    return parts.length === 1 ? (parts[0] ?? this.#chunk) : Buffer.concat(parts);
  }

  /** So many bytes in pieces as they come; fewer if the stream ends before. */
  async *stream(sizeBytes: number): AsyncGenerator<Uint8Array> {
    for (let left = sizeBytes; left > 0;) {
      if (this.#chunk.length === 0 && !(await this.#fill())) return;
      const part = this.#cut(Math.min(left, this.#chunk.length));
      left -= part.length;
      yield part;
    }
  }

  /** As `take`, without a promise, of what is at hand; else `undefined`, and nothing is taken. */
  takeNow(sizeBytes: number): Uint8Array | undefined {
    return this.#chunk.length >= sizeBytes ? this.#cut(sizeBytes) : undefined;
  }

  /** Drops so many bytes; gives how many there were. */
  async skip(sizeBytes: number): Promise<number> {
    let left = sizeBytes;
    while (left > 0 && (this.#chunk.length > 0 || (await this.#fill()))) {
      left -= this.#cut(Math.min(left, this.#chunk.length)).length;
    }
    return sizeBytes - left;
  }

  /** Ends the stream where it is. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(sizeBytes: number): Uint8Array {
    const part = this.#chunk.subarray(0, sizeBytes);
    this.#chunk = this.#chunk.subarray(sizeBytes);
    return part;
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}
