/**
 * BlockMix of scrypt (RFC 7914 §3 and §4, with Salsa20/8) for two lanes side by side, in
 * WebAssembly with 128-bit vectors: each step of Salsa20 needs the one before, so that a single
 * lane leaves half of the core idle.
 *
 * A block of 64 bytes lies in four vectors as the diagonals of Salsa20's matrix: word i of the
 * vectors is word 5i mod 16 of the block, and a quarter-round is the same for all four columns.
 * Source: Colin Percival's scrypt, crypto_scrypt_smix_sse2.c.
 */
import type { WasmFunction } from './wasm-assembler.ts';

export const LANES = [0, 1] as const;
export const BLOCK_BYTES = 64;
const VECTORS = [0, 1, 2, 3] as const;

/** The same for both lanes, whose locals end in `_0` and `_1`. */
function both(lines: (lane: number) => string): string {
  return LANES.map(lines).join('\n');
}

function each(lines: (vector: number) => string): string {
  return VECTORS.map(lines).join('\n');
}

/** x[to] ^= (x[a] + x[b]) <<< bits */
function step(to: number, [a, b]: readonly [number, number], bits: number): string {
  return both(
    (lane) => `
      local.get x${a}_${lane}
      local.get x${b}_${lane}
      i32x4.add
      local.tee sum_${lane}
      i32.const ${bits}
      i32x4.shl
      local.get x${to}_${lane}
      v128.xor
      local.get sum_${lane}
      i32.const ${32 - bits}
      i32x4.shr_u
      v128.xor
      local.set x${to}_${lane}`,
  );
}

/** Turns three of the diagonals, so that columns become rows or rows columns. */
function turn(order: readonly [one: string, two: string, three: string]): string {
  return both((lane) =>
    order
      .map(
        (words, at) => `
          local.get x${at + 1}_${lane}
          local.get x${at + 1}_${lane}
          i8x16.shuffle ${words}
          local.set x${at + 1}_${lane}`,
      )
      .join('\n'),
  );
}

const DOUBLE_ROUND = [
  step(1, [0, 3], 7),
  step(2, [1, 0], 9),
  step(3, [2, 1], 13),
  step(0, [3, 2], 18),
  turn(['3,0,1,2', '2,3,0,1', '1,2,3,0']),
  step(3, [0, 1], 7),
  step(2, [3, 0], 9),
  step(1, [2, 3], 13),
  step(0, [1, 2], 18),
  turn(['1,2,3,0', '2,3,0,1', '3,0,1,2']),
].join('\n');

/**
 * BlockMix of `from` XOR `with` into `to`, for each lane; all are places of 128·r bytes, `last` is
 * 128·r - 64. Even blocks of the result go to the front half, odd ones to the back half.
 */
export const BLOCK_MIX: Omit<WasmFunction, 'memoryPages'> = {
  parameters: {
    from_0: 'i32',
    with_0: 'i32',
    to_0: 'i32',
    from_1: 'i32',
    with_1: 'i32',
    to_1: 'i32',
    last: 'i32',
  },
  result: 'i32',
  locals: {
    left: 'i32',
    hop: 'i32',
    rounds: 'i32',
    ...Object.fromEntries(
      LANES.flatMap((lane) => [
        [`sum_${lane}`, 'v128'] as const,
        ...VECTORS.map((vector) => [`x${vector}_${lane}`, 'v128'] as const),
        ...VECTORS.map((vector) => [`before${vector}_${lane}`, 'v128'] as const),
      ]),
    ),
  },
  body: `
    ${both((lane) =>
      each(
        (vector) => `
          local.get from_${lane}     ;; x = the last block
          local.get last
          i32.add
          v128.load ${16 * vector}
          local.get with_${lane}
          local.get last
          i32.add
          v128.load ${16 * vector}
          v128.xor
          local.set x${vector}_${lane}`,
      ),
    )}
    local.get last
    i32.const ${BLOCK_BYTES}
    i32.add
    local.tee left
    i32.const 1
    i32.shr_u
    local.set hop                    ;; from front half to back half

    loop
      ${both((lane) =>
        each(
          (vector) => `
            local.get x${vector}_${lane}
            local.get from_${lane}
            v128.load ${16 * vector}
            v128.xor
            local.get with_${lane}
            v128.load ${16 * vector}
            v128.xor
            local.tee x${vector}_${lane}
            local.set before${vector}_${lane}`,
        ),
      )}
      i32.const 4
      local.set rounds
      loop
        ${DOUBLE_ROUND}
        local.get rounds
        i32.const -1
        i32.add
        local.tee rounds
        br_if 0
      end
      ${both(
        (lane) => `
          ${each(
            (vector) => `
              local.get to_${lane}
              local.get x${vector}_${lane}
              local.get before${vector}_${lane}
              i32x4.add
              local.tee x${vector}_${lane}
              v128.store ${16 * vector}`,
          )}
          local.get from_${lane}
          i32.const ${BLOCK_BYTES}
          i32.add
          local.set from_${lane}
          local.get with_${lane}
          i32.const ${BLOCK_BYTES}
          i32.add
          local.set with_${lane}
          local.get to_${lane}
          local.get hop
          i32.add
          local.set to_${lane}`,
      )}
      i32.const ${BLOCK_BYTES}       ;; and back, one block further
      local.get hop
      i32.sub
      local.set hop
      local.get left
      i32.const -${BLOCK_BYTES}
      i32.add
      local.tee left
      br_if 0
    end
    i32.const 0
  `,
};
