/** A part of the index in memory: the columns of so many entries. */

export const SEGMENT_ENTRIES = 1 << 14;
export const ID_BYTES = 32;
export const ID_WORDS = 8;

/** Entries are kept in segments, so that growing never copies them. */
export interface Segment {
  readonly ids: Buffer;
  /** The same bytes, to be compared faster. */
  readonly words: Uint32Array;
  readonly packs: Uint32Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** 0: stored uncompressed (a compressed blob is never empty). */
  readonly uncompressed: Uint32Array;
  readonly isTree: Uint8Array;
}

export function newSegment(): Segment {
  const words = new Uint32Array(SEGMENT_ENTRIES * ID_WORDS);
  return {
    ids: Buffer.from(words.buffer),
    words,
    packs: new Uint32Array(SEGMENT_ENTRIES),
    offsets: new Uint32Array(SEGMENT_ENTRIES),
    lengths: new Uint32Array(SEGMENT_ENTRIES),
    uncompressed: new Uint32Array(SEGMENT_ENTRIES),
    isTree: new Uint8Array(SEGMENT_ENTRIES),
  };
}
