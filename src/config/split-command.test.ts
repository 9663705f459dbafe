import { expect, test } from 'vitest';
import { splitCommand } from './split-command.ts';

// What restic 0.14.0 itself ran for each, seen by a program that wrote down its arguments.
test.each([
  ['a b  c', ['a', 'b', 'c']],
  [`"a b" 'c d'`, ['a b', 'c d']],
  [`x"y z"w`, ['x', 'y z', 'w']],
  [`a '' b`, ['a', 'b']],
  ['a\\ b', ['a', 'b']],
  ['"a\\"b"', ['a\\"b']],
  [`"it's" 'say "hi"'`, ["it's", 'say "hi"']],
  ['$HOME `id` *', ['$HOME', '`id`', '*']],
  ['a\u00a0b\u0085c\ufeffd', ['a', 'b', 'c\ufeffd']],
  [`'a\\'b'`, [`a\\'b`]],
  ['a\tb\nc', ['a', 'b', 'c']],
  ['"a""b"', ['a', 'b']],
  ["\\'", ["'"]],
])('%j is split as restic splits it', (command, argv) => {
  expect(splitCommand(command)).toEqual(argv);
});

test.each([
  ['a "b', 'a double quote is not closed'],
  [`a 'b`, 'a single quote is not closed'],
  ['"a\\" b', 'a double quote is not closed'],
  ['  ', 'the command is empty'],
  [`''`, 'the command is empty'],
])('%j is refused', (command, problem) => {
  expect(splitCommand(command)).toEqual({ problem });
});
