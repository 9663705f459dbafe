/** Numbers that look random and are the same in every run: xorshift128 (Marsaglia 2003). */
export class SeededRandom {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    // Spread the seed over the state with the mixing step of MurmurHash3.
    let z = seed >>> 0;
    for (let at = 0; at < 4; at += 1) {
      z = (z + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      this.#state[at] = (mixed ^ (mixed >>> 16)) | 1;
    }
  }

  uint32(): number {
    const state = this.#state;
    let t = state[3]!;
    const s = state[0]!;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0]!;
  }

  /** 0 ≤ n < bound. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound);
  }

  chance(share: number): boolean {
    return this.uint32() < share * 0x1_0000_0000;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.uint32().toString(16).padStart(8, '0');
    return text.slice(0, length);
  }

  /** An id of letters and digits that starts with a letter, as cuid2 makes them. */
  id(length = 24): string {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
    let text = letters[this.below(26)]!;
    while (text.length < length) text += letters[this.below(36)]!;
    return text;
  }

  uuid(): string {
    const hex = this.hex(32);
    const parts = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `a${hex.slice(17, 20)}`,
    ];
    return [...parts, hex.slice(20)].join('-');
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let at = 0; at < words.length; at += 1) words[at] = this.uint32();
    return new Uint8Array(words.buffer, 0, length);
  }
}
