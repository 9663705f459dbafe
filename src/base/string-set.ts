/**
 * A set that knows of each string only 64 bits of hash: 20 bytes an entry at most, where a `Set`
 * holds every string. It may say that it has what was never added, one time in 2^64 / size, so it
 * is for what decides about words and counts, never about data.
 */
const SMALLEST_SLOTS = 1 << 8;
const MAX_LOAD = 0.8;

export class StringSet {
  /** Two numbers a slot; both 0: empty. */
  #slots = new Uint32Array(2 * SMALLEST_SLOTS);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  has(text: string): boolean {
    const [low, high] = hashOf(text);
    return this.#slots[this.#find(low, high)] === low;
  }

  add(text: string): void {
    const [low, high] = hashOf(text);
    if (this.#put(low, high)) this.#count += 1;
    if (this.#count > (this.#slots.length / 2) * MAX_LOAD) this.#grow();
  }

  #put(low: number, high: number): boolean {
    const at = this.#find(low, high);
    if (this.#slots[at] === low) return false;
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
    return true;
  }

  /** Where it is, or where it would be. */
  #find(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    for (let at = (low * 2) & mask; ; at = (at + 2) & mask) {
      const found = this.#slots[at];
      if (found === 0 || (found === low && this.#slots[at + 1] === high)) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      if (low !== 0) this.#put(low, old[at + 1] ?? 0);
    }
  }
}

/** Source: cyrb53 by bryc, public domain; its two halves as they are. Never 0 in the first. */
function hashOf(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  const mixedA = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  const mixedB = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [mixedA >>> 0 || 1, mixedB >>> 0];
}
