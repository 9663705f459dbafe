/**
 * Assembles one WebAssembly function from text, so that the few loops JavaScript is slow at (64-bit
 * arithmetic, vectors) have a source that can be read and need no tool to build. That is done
 * beforehand (`npm run docs`): at each start it took two threads 15 ms.
 *
 * The text is the flat form of the WebAssembly text format: one instruction a line, `;;` begins a
 * comment. `block`, `loop` and `if` are closed by `end`, and `br` takes the number of levels to leave.
 * The module exports its memory as `memory` and the function as `run`.
 * Source: WebAssembly Core Specification 2.0, chapters 5.4 (instructions) and 5.5 (modules).
 */

export type ValueType = 'i32' | 'i64' | 'v128';

export interface WasmFunction {
  readonly parameters: Readonly<Record<string, ValueType>>;
  readonly result: ValueType;
  readonly locals: Readonly<Record<string, ValueType>>;
  readonly body: string;
}

type Operand =
  | 'none'
  | 'local'
  | 'number'
  | 'blockType'
  | 'memory1'
  | 'memory4'
  | 'memory8'
  | 'memory16'
  | 'words';

/** Marks an opcode that stands behind the prefix 0xfd. */
const VECTOR = 0x100;

const INSTRUCTIONS: Readonly<Record<string, readonly [opcode: number, operand: Operand]>> = {
  block: [0x02, 'blockType'],
  loop: [0x03, 'blockType'],
  if: [0x04, 'blockType'],
  else: [0x05, 'none'],
  end: [0x0b, 'none'],
  br: [0x0c, 'number'],
  br_if: [0x0d, 'number'],
  return: [0x0f, 'none'],
  select: [0x1b, 'none'],
  'local.get': [0x20, 'local'],
  'local.set': [0x21, 'local'],
  'local.tee': [0x22, 'local'],
  'i32.load': [0x28, 'memory4'],
  'i64.load': [0x29, 'memory8'],
  'i32.load8_u': [0x2d, 'memory1'],
  'i64.load8_u': [0x31, 'memory1'],
  'i32.store': [0x36, 'memory4'],
  'i64.store': [0x37, 'memory8'],
  'i32.const': [0x41, 'number'],
  'i64.const': [0x42, 'number'],
  'i32.eqz': [0x45, 'none'],
  'i32.eq': [0x46, 'none'],
  'i32.le_u': [0x4d, 'none'],
  'i32.ge_u': [0x4f, 'none'],
  'i32.add': [0x6a, 'none'],
  'i32.sub': [0x6b, 'none'],
  'i32.mul': [0x6c, 'none'],
  'i32.div_u': [0x6e, 'none'],
  'i32.rem_u': [0x70, 'none'],
  'i32.and': [0x71, 'none'],
  'i32.or': [0x72, 'none'],
  'i32.xor': [0x73, 'none'],
  'i32.shl': [0x74, 'none'],
  'i32.shr_u': [0x76, 'none'],
  'i64.xor': [0x85, 'none'],
  'i64.shl': [0x86, 'none'],
  'i64.shr_u': [0x88, 'none'],
  'i32.wrap_i64': [0xa7, 'none'],
  'v128.load': [VECTOR | 0x00, 'memory16'],
  'v128.store': [VECTOR | 0x0b, 'memory16'],
  // Of the 16 bytes of a vector only whole words are moved: `0,1,2,3` leaves it as it is.
  'i8x16.shuffle': [VECTOR | 0x0d, 'words'],
  'v128.xor': [VECTOR | 0x51, 'none'],
  'i32x4.shl': [VECTOR | 0xab, 'none'],
  'i32x4.shr_u': [VECTOR | 0xad, 'none'],
  'i32x4.add': [VECTOR | 0xae, 'none'],
};

const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const NO_RESULT = 0x40;

type EncodeOperand = (argument: string, names: readonly string[]) => number[];

/** The words of one vector, named twice as the two that are shuffled. */
function shuffleBytes(argument: string): number[] {
  return argument.split(',').flatMap((word) => [0, 1, 2, 3].map((byte) => Number(word) * 4 + byte));
}

const OPERANDS: Readonly<Record<Operand, EncodeOperand>> = {
  none: () => [],
  blockType: () => [NO_RESULT],
  local: (argument, names) => unsigned(localIndex(argument, names)),
  // Branch levels are unsigned, but below 64 both forms are the same byte.
  number: (argument) => signed(BigInt(argument)),
  // The alignment as a power of two, then the offset.
  memory1: (argument) => [0, ...unsigned(Number(argument))],
  memory4: (argument) => [2, ...unsigned(Number(argument))],
  memory8: (argument) => [3, ...unsigned(Number(argument))],
  memory16: (argument) => [4, ...unsigned(Number(argument))],
  words: shuffleBytes,
};

/** Memory begins with nothing; whoever starts the module has it grow. */
export function assembleModule(definition: WasmFunction): Uint8Array {
  const { parameters, result } = definition;
  const types = Object.values(parameters).map((type) => TYPE_CODE[type]);
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, [1, 0x60, ...vector(types), 1, TYPE_CODE[result]]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, 0]),
    ...section(7, [2, ...name('memory'), 0x02, 0, ...name('run'), 0x00, 0]),
    ...section(10, [1, ...vector(assembleCode(definition))]),
  ]);
}

function assembleCode({ parameters, locals, body }: WasmFunction): number[] {
  const names = [...Object.keys(parameters), ...Object.keys(locals)];
  const declared = Object.values(locals).flatMap((type) => [1, TYPE_CODE[type]]);
  const lines = body.split('\n').map((line) => line.replace(/;;.*/, '').trim());
  const code = lines.filter((line) => line !== '').flatMap((line) => instruction(line, names));
  return [...unsigned(Object.keys(locals).length), ...declared, ...code, 0x0b];
}

function instruction(line: string, names: readonly string[]): number[] {
  const [mnemonic = '', argument = '0'] = line.split(/\s+/);
  const found = INSTRUCTIONS[mnemonic];
  if (found === undefined) throw new SyntaxError(`unknown instruction: ${line}`);
  const [opcode, operand] = found;
  const code = opcode < VECTOR ? [opcode] : [0xfd, ...unsigned(opcode - VECTOR)];
  return [...code, ...OPERANDS[operand](argument, names)];
}

function localIndex(argument: string, names: readonly string[]): number {
  const index = names.indexOf(argument);
  if (index < 0) throw new SyntaxError(`unknown local: ${argument}`);
  return index;
}

function section(id: number, content: number[]): number[] {
  return [id, ...vector(content)];
}

/** Length, then the bytes. */
function vector(bytes: number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function name(text: string): number[] {
  return vector([...Buffer.from(text)]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128, as constants are written. */
function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const done = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return done ? [low] : [low | 0x80, ...signed(rest)];
}
