/**
 * Where ROMix (RFC 7914 §5) has its memory, for `scrypt-mix.ts` and the loop it calls
 * (scripts/wasm/ro-mix.ts).
 *
 * In places of 128·r bytes: one of zeros, then the lanes' states, which take the room of whole
 * places, then for each lane the two between which its state goes to and fro, two in which missing
 * places are made again, and the kept ones: of the N that ROMix fills every `stride`-th, and room for
 * the one after the last.
 */
export const BLOCK_BYTES = 64;

/** Before the kept places of a lane. */
export const WORKING_PLACES = 4;
export const STATE_BYTES = 16;
/**
 * Where the fields of a lane's state stand, each 32 bits: the place its state is in, the place to
 * mix with (or to make that from), how many are to be made before, and how often it has to mix.
 */
export const STATE = { x: 0, source: 4, missing: 8, todo: 12 } as const;

/** So many lanes then take the memory that one is meant to take. */
export function strideOf(lanes: number): number {
  return lanes;
}

export interface MixParams {
  /** A power of two, at least 4. */
  readonly N: number;
  readonly r: number;
}

export interface Layout {
  readonly N: number;
  readonly place: number;
  readonly stride: number;
  readonly states: number;
  readonly base: number;
  readonly laneBytes: number;
}

export function layoutOf({ N, r }: MixParams, lanes: number): Layout {
  const place = 2 * r * BLOCK_BYTES;
  const stride = strideOf(lanes);
  const statePlaces = Math.ceil((lanes * STATE_BYTES) / place);
  const laneBytes = (WORKING_PLACES + Math.floor(N / stride) + 1) * place;
  return { N, place, stride, states: place, base: (1 + statePlaces) * place, laneBytes };
}

/** What so many lanes take in all. */
export function mixerBytes(params: MixParams, lanes: number): number {
  const { base, laneBytes } = layoutOf(params, lanes);
  return base + lanes * laneBytes;
}
