/**
 * BlockMix of scrypt (RFC 7914 §3 and §4, with Salsa20/8) for several lanes side by side, as
 * WebAssembly with 128-bit vectors: each step of Salsa20 needs the one before, so that a single
 * lane leaves most of the core idle.
 *
 * A block of 64 bytes lies in four vectors as the diagonals of Salsa20's matrix: word i of the
 * vectors is word 5i mod 16 of the block, and a quarter-round is the same for all four columns.
 * Source: Colin Percival's scrypt, crypto_scrypt_smix_sse2.c.
 */
import { BLOCK_BYTES } from '../../src/format/scrypt-layout.ts';
import type { ValueType } from './assembler.ts';

const VECTORS = [0, 1, 2, 3] as const;

export interface WasmPart {
  readonly locals: Readonly<Record<string, ValueType>>;
  readonly body: string;
}

/** The same lines for every lane, whose locals end in its number. */
export type EachLane = (lines: (lane: number) => string) => string;

export function eachLane(lanes: number): EachLane {
  return (lines) => Array.from({ length: lanes }, (_, lane) => lines(lane)).join('\n');
}

function each(lines: (vector: number) => string): string {
  return VECTORS.map(lines).join('\n');
}

/** x[to] ^= (x[a] + x[b]) <<< bits */
function step(all: EachLane, to: number, [a, b]: readonly [number, number], bits: number): string {
  return all(
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
function turn(all: EachLane, order: readonly [one: string, two: string, three: string]): string {
  return all((lane) =>
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

function doubleRound(all: EachLane): string {
  return [
    step(all, 1, [0, 3], 7),
    step(all, 2, [1, 0], 9),
    step(all, 3, [2, 1], 13),
    step(all, 0, [3, 2], 18),
    turn(all, ['3,0,1,2', '2,3,0,1', '1,2,3,0']),
    step(all, 3, [0, 1], 7),
    step(all, 2, [3, 0], 9),
    step(all, 1, [2, 3], 13),
    step(all, 0, [1, 2], 18),
    turn(all, ['1,2,3,0', '2,3,0,1', '3,0,1,2']),
  ].join('\n');
}

const LANE_VECTORS = ['sum', ...VECTORS.flatMap((vector) => [`x${vector}`, `before${vector}`])];

function localsOf(all: EachLane): WasmPart['locals'] {
  const names: string[] = [];
  all((lane) => {
    names.push(...LANE_VECTORS.map((name) => `${name}_${lane}`));
    return '';
  });
  return {
    left: 'i32',
    hop: 'i32',
    rounds: 'i32',
    ...Object.fromEntries(names.map((name) => [name, 'v128'] as const)),
  };
}

/** x = the last block */
function loadLast(lane: number): string {
  const last = (from: string, vector: number): string => `
    local.get ${from}_${lane}
    local.get place
    i32.add
    i32.const ${BLOCK_BYTES}
    i32.sub
    v128.load ${16 * vector}`;
  return each(
    (vector) => `
      ${last('from', vector)}
      ${last('with', vector)}
      v128.xor
      local.set x${vector}_${lane}`,
  );
}

/** before = x = x XOR the next block */
function mixIn(lane: number): string {
  return each(
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
  );
}

/** Adds what was before, stores it, and goes on to the next block. */
function storeNext(lane: number): string {
  return `
    ${each(
      (vector) => `
        local.get to_${lane}
        local.get x${vector}_${lane}
        local.get before${vector}_${lane}
        i32x4.add
        local.tee x${vector}_${lane}
        v128.store ${16 * vector}`,
    )}
    ${moveOn(`from_${lane}`, `i32.const ${BLOCK_BYTES}`)}
    ${moveOn(`with_${lane}`, `i32.const ${BLOCK_BYTES}`)}
    ${moveOn(`to_${lane}`, 'local.get hop')}`;
}

function moveOn(pointer: string, step: string): string {
  return `
    local.get ${pointer}
    ${step}
    i32.add
    local.set ${pointer}`;
}

/**
 * BlockMix of `from_<lane>` XOR `with_<lane>` into `to_<lane>`, for each lane; all are places of
 * `place` = 128·r bytes, and all but `place` are changed. Even blocks of the result go to the front
 * half, odd ones to the back half.
 */
export function blockMix(all: EachLane): WasmPart {
  return {
    locals: localsOf(all),
    body: `
      local.get place
      local.tee left
      i32.const 1
      i32.shr_u
      local.set hop                    ;; from front half to back half
      ${all(loadLast)}
      loop
        ${all(mixIn)}
        i32.const 4
        local.set rounds
        loop
          ${doubleRound(all)}
          ${moveOn('rounds', 'i32.const -1')}
          local.get rounds
          br_if 0
        end
        ${all(storeNext)}
        i32.const ${BLOCK_BYTES}       ;; and back, one block further
        local.get hop
        i32.sub
        local.set hop
        ${moveOn('left', `i32.const -${BLOCK_BYTES}`)}
        local.get left
        br_if 0
      end`,
  };
}
