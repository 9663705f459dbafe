/**
 * ROMix of scrypt (RFC 7914 §5) for several lanes side by side, in WebAssembly: fills N places by
 * BlockMix after BlockMix, then mixes N times with the place that the state names.

 * The memory is laid out by src/format/scrypt-layout.ts. A lane that has to make a place again works
 * beside others that already mix.
 */
import {
  BLOCK_BYTES,
  strideOf,
  STATE,
  STATE_BYTES,
  WORKING_PLACES,
} from '../../src/format/scrypt-layout.ts';
import { blockMix, eachLane, type EachLane } from './block-mix.ts';
import type { WasmFunction } from './assembler.ts';

/**
 * `run(steps, place, mask, filled, states, base, laneBytes)` takes that many steps: fills from the
 * place `filled` on while that is at most `mask` = N - 1, else mixes, and returns 0 when no lane has
 * anything left to mix.
 */
export function roMix(lanes: number): WasmFunction {
  const stride = strideOf(lanes);
  const all = eachLane(lanes);
  const mix = blockMix(all);
  const ofLane = ['base', 'x', 'source', 'missing', 'todo', 'mixes', 'from', 'with', 'to'];
  const laneNumbers = Array.from({ length: lanes }, (_, lane) => lane);
  const laneLocals = laneNumbers.flatMap((lane) => ofLane.map((name) => `${name}_${lane}`));
  return {
    parameters: {
      steps: 'i32',
      place: 'i32',
      mask: 'i32',
      filled: 'i32',
      states: 'i32',
      base: 'i32',
      laneBytes: 'i32',
    },
    result: 'i32',
    locals: {
      at: 'i32',
      ...Object.fromEntries(laneLocals.map((name) => [name, 'i32'] as const)),
      ...mix.locals,
    },
    body: `
      ${all(loadState)}
      loop
        local.get filled
        local.get mask
        i32.le_u
        if
          ${fillStep(all, stride)}
        else
          ${all(chooseStep)}
        end
        ${mix.body}
        ${all((lane) => afterStep(lane, stride))}
        local.get steps
        i32.const -1
        i32.add
        local.tee steps
        br_if 0
      end
      ${all(saveState)}
      i32.const 0
      ${all(
        (lane) => `
        local.get todo_${lane}
        i32.or`,
      )}
    `,
  };
}

function stateAt(lane: number): string {
  return `
    local.get states
    i32.const ${lane * STATE_BYTES}
    i32.add`;
}

function loadState(lane: number): string {
  const fields = Object.entries(STATE).map(
    ([field, at]) => `
      ${stateAt(lane)}
      i32.load ${at}
      local.set ${field}_${lane}`,
  );
  return `
    local.get base
    local.get laneBytes
    i32.const ${lane}
    i32.mul
    i32.add
    local.set base_${lane}
    ${fields.join('\n')}`;
}

function saveState(lane: number): string {
  const fields = Object.entries(STATE).map(
    ([field, at]) => `
      ${stateAt(lane)}
      local.get ${field}_${lane}
      i32.store ${at}`,
  );
  return fields.join('\n');
}

/** Leaves where place number `index` (a local) stands, from the lane's base. */
function placeOf(index: string, stride: number): string {
  return `
    local.get ${index}
    i32.const ${stride}
    i32.div_u
    i32.const ${WORKING_PLACES}
    i32.add
    local.get ${index}
    i32.const ${stride}
    i32.rem_u
    i32.const 1
    i32.add
    local.get ${index}
    i32.const ${stride}
    i32.rem_u
    i32.eqz
    select
    local.get place
    i32.mul`;
}

/** All lanes fill in step. */
function fillStep(all: EachLane, stride: number): string {
  return `
    ${placeOf('filled', stride)}
    local.set at
    ${all(
      (lane) => `
      local.get base_${lane}
      local.get at
      i32.add
      local.set from_${lane}
      i32.const 0
      local.set with_${lane}
      i32.const 0
      local.set mixes_${lane}`,
    )}
    local.get filled
    i32.const 1
    i32.add
    local.set filled
    ${placeOf('filled', stride)}
    local.set at
    ${all(
      (lane) => `
      local.get base_${lane}
      local.get at
      i32.add
      local.set to_${lane}`,
    )}`;
}

/** Makes a missing place again, mixes, or works on zeros while other lanes go on. */
function chooseStep(lane: number): string {
  return `
    i32.const 0
    local.set mixes_${lane}
    i32.const 0
    local.set with_${lane}
    local.get missing_${lane}
    if
      ${makeAgain(lane)}
    else
      local.get todo_${lane}
      if
        ${mixNext(lane)}
      else
        i32.const 0
        local.set from_${lane}
        ${scratch(lane, 2)}
        local.set to_${lane}
      end
    end`;
}

/** Leaves the address of one of a lane's working places. */
function scratch(lane: number, place: number): string {
  return `
    local.get base_${lane}
    local.get place
    i32.const ${place}
    i32.mul
    i32.add`;
}

/** Into the scratch that the source is not in. */
function makeAgain(lane: number): string {
  return `
    local.get source_${lane}
    local.set from_${lane}
    ${scratch(lane, 3)}
    ${scratch(lane, 2)}
    local.tee at
    local.get source_${lane}
    local.get at
    i32.eq
    select
    local.tee to_${lane}
    local.set source_${lane}
    local.get missing_${lane}
    i32.const 1
    i32.sub
    local.set missing_${lane}`;
}

/** Into the half that the state is not in. */
function mixNext(lane: number): string {
  return `
    local.get x_${lane}
    local.set from_${lane}
    local.get source_${lane}
    local.set with_${lane}
    local.get base_${lane}
    i32.const 1
    i32.shl
    local.get place
    i32.add
    local.get x_${lane}
    i32.sub
    local.tee to_${lane}
    local.set x_${lane}
    i32.const 1
    local.set mixes_${lane}`;
}

/** After a mix the state names the place to mix with next: the first word of its last block. */
function afterStep(lane: number, stride: number): string {
  return `
    local.get mixes_${lane}
    if
      local.get x_${lane}
      local.get place
      i32.add
      i32.const ${BLOCK_BYTES}
      i32.sub
      i32.load 0
      local.get mask
      i32.and
      local.tee at
      i32.const ${stride}
      i32.div_u
      i32.const ${WORKING_PLACES}
      i32.add
      local.get place
      i32.mul
      local.get base_${lane}
      i32.add
      local.set source_${lane}
      local.get todo_${lane}
      i32.const 1
      i32.sub
      local.tee todo_${lane}
      if
        local.get at
        i32.const ${stride}
        i32.rem_u
        local.set missing_${lane}
      end
    end`;
}
