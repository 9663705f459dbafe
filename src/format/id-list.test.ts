import { expect, test } from 'vitest';
import { takeIdList } from './id-list.ts';
import { JsonCursor } from './json-cursor.ts';

const [one, two] = ['a1'.repeat(32), 'b2'.repeat(32)];
const LIST = `["${one}","${two}"]`;

function take(text: string, at = 0) {
  const cursor = new JsonCursor(text);
  cursor.at = at;
  const ids = takeIdList(cursor);
  return { ids, at: cursor.at, plain: cursor.plain };
}

test('a list as it is written is read whole, wherever it stands', () => {
  const text = `{"content":${LIST},"next":[]}`;
  const at = text.indexOf('[');
  expect(take(text, at)).toEqual({ ids: [one, two], at: at + LIST.length, plain: true });
});

test('a list of very many is read as well', () => {
  const ids = Array.from({ length: 100_000 }, (_, at) => at.toString(16).padStart(64, '0'));
  expect(take(JSON.stringify(ids)).ids).toEqual(ids);
});

test.each([
  ['an empty list', '[]'],
  ['null', 'null'],
  ['white space', LIST.replace(',', ', ')],
  ['white space in the room of a digit', LIST.replace(one, ` ${one.slice(1)}`)],
  ['an escape', LIST.replace('a1', String.raw`\u0061`).replace('a1'.repeat(2), '')],
  ['capitals', LIST.replace(two, two.toUpperCase())],
  ['what is no digit', LIST.replace(two, `g${two.slice(1)}`)],
  ['a character beyond ASCII', LIST.replace(two, `é${two.slice(1)}`)],
  ['another kind of value', LIST.replace(`"${two}"`, '1'.repeat(66))],
  ['one id of two lengths', LIST.replace(`${one}","`, `${one}ab`)],
  [
    'ids of other lengths that fill it',
    LIST.replace(`${one}","${two}`, `${one}a","${two.slice(1)}`),
  ],
  ['an end inside the list', LIST.slice(0, -1)],
  ['an object', LIST.replace('[', '{')],
])('%s is left to the other reader', (_, text) => {
  expect(take(text)).toEqual({ ids: undefined, at: 0, plain: true });
});
