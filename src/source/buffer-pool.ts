/** Read buffers used again and again: fresh ones for each file would keep the collector busy. */

const SMALLEST_BYTES = 64 * 1024;
/** What lies ready at most; more is in use only while more files are read at once. */
const RETAINED_BYTES = 24 * 1024 * 1024;

export class BufferPool {
  readonly #free = new Map<number, Uint8Array[]>();
  #retainedBytes = 0;

  /** At least `sizeBytes` long, with whatever it held before. */
  acquire(sizeBytes: number): Uint8Array {
    const size = roundUp(sizeBytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size);
    this.#retainedBytes -= size;
    return buffer;
  }

  /** The caller must not touch the buffer any more. */
  release(buffer: Uint8Array): void {
    const size = buffer.length;
    if (this.#retainedBytes + size > RETAINED_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#retainedBytes += size;
  }
}

function roundUp(sizeBytes: number): number {
  let size = SMALLEST_BYTES;
  while (size < sizeBytes) size *= 2;
  return size;
}
