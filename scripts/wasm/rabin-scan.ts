/** The loop of src/format/rabin-engine.ts, which says what it computes and where the tables are. */
import { STATE_AT, WINDOW } from '../../src/format/rabin-engine.ts';
import type { WasmFunction } from './assembler.ts';

/**
 * `at` points to the byte leaving, 64 before the byte coming; `end` to the byte leaving at the end.
 * Gives `at` behind the byte that made a cut, or 0. With `quiet` 1 no cut is seen.
 */
export const RABIN_SCAN: WasmFunction = {
  parameters: { at: 'i32', end: 'i32', quiet: 'i32' },
  result: 'i32',
  locals: { digest: 'i64', high: 'i32', out: 'i32' },
  body: `
    i32.const 0
    i64.load ${STATE_AT}
    local.set digest

    block
      loop
        local.get at
        i32.const 1
        i32.add
        local.get end
        i32.ge_u
        br_if 1                    ;; fewer than two bytes left

        local.get digest           ;; high = top8 * 8, the place in LOW and HIGH
        i64.const 42
        i64.shr_u
        i32.wrap_i64
        i32.const 0x7f8
        i32.and
        local.set high

        local.get at               ;; out = o1 * 8
        i32.load8_u 0
        i32.const 3
        i32.shl
        local.set out

        local.get digest           ;; low bits of D1, which may be a cut
        i64.const 8
        i64.shl
        local.get high
        i64.load 0
        i64.xor
        local.get out
        i64.load 4096
        i64.xor
        local.get at
        i64.load8_u ${WINDOW}
        i64.xor
        i32.wrap_i64
        i32.const 0xfffff
        i32.and
        local.get quiet
        i32.or
        i32.eqz
        br_if 1                    ;; the single step below finds it again

        local.get digest           ;; D2
        i64.const 16
        i64.shl
        local.get at
        i64.load8_u ${WINDOW}
        i64.const 8
        i64.shl
        i64.xor
        local.get at
        i64.load8_u ${WINDOW + 1}
        i64.xor
        local.get out
        i64.load 6144
        i64.xor
        local.get at
        i32.load8_u 1
        i32.const 3
        i32.shl
        i64.load 4096
        i64.xor
        local.get high
        i64.load 2048
        local.get digest
        i64.const 34
        i64.shr_u
        i32.wrap_i64
        i32.const 0x7f8
        i32.and
        i64.load 0
        i64.xor
        i64.xor
        local.set digest

        local.get at
        i32.const 2
        i32.add
        local.set at

        local.get digest
        i32.wrap_i64
        i32.const 0xfffff
        i32.and
        local.get quiet
        i32.or
        br_if 0

        local.get at               ;; a cut behind the second byte
        return
      end
    end

    block                          ;; one byte: the odd last one, or the one that makes a cut
      local.get at
      local.get end
      i32.ge_u
      br_if 0

      local.get digest
      i64.const 8
      i64.shl
      local.get digest
      i64.const 42
      i64.shr_u
      i32.wrap_i64
      i32.const 0x7f8
      i32.and
      i64.load 0
      i64.xor
      local.get at
      i32.load8_u 0
      i32.const 3
      i32.shl
      i64.load 4096
      i64.xor
      local.get at
      i64.load8_u ${WINDOW}
      i64.xor
      local.set digest

      local.get at
      i32.const 1
      i32.add
      local.set at

      local.get digest
      i32.wrap_i64
      i32.const 0xfffff
      i32.and
      local.get quiet
      i32.or
      br_if 0
      local.get at
      return
    end

    i32.const 0
    local.get digest
    i64.store ${STATE_AT}
    i32.const 0
  `,
};
