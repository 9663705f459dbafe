/**
 * Walking the top of a JSON document member by member: for indexes that are too large to hold as
 * objects, and for fields that must survive as the text they were.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { JsonCursor, JsonSyntaxError } from './json-cursor.ts';

/** The keys of the object that begins here. After each, its value must be taken. */
export function* objectKeys(cursor: JsonCursor): Generator<string> {
  cursor.expect('{');
  if (cursor.take('}')) return;
  do {
    const key = cursor.string();
    cursor.expectColon();
    yield key;
  } while (cursor.takeComma());
  cursor.expect('}');
}

/** Once for each element of the array that begins here. At each, its value must be taken. */
export function* arrayElements(cursor: JsonCursor): Generator<number> {
  cursor.expect('[');
  if (cursor.take(']')) return;
  let n = 0;
  do {
    yield n;
    n += 1;
  } while (cursor.takeComma());
  cursor.expect(']');
}

/** Each field of an object with the JSON text of its value, in order. */
export function rawFields(what: string, text: string): Map<string, string> {
  const fields = new Map<string, string>();
  try {
    const cursor = new JsonCursor(text);
    for (const name of objectKeys(cursor)) fields.set(name, cursor.rawValue());
    cursor.expectEnd();
  } catch (error) {
    throw malformedJson(what, error);
  }
  return fields;
}

/** What to throw for what a `JsonCursor` threw. */
export function malformedJson(what: string, error: unknown): unknown {
  if (!(error instanceof JsonSyntaxError)) return error;
  const where = `character ${error.offset}`;
  const problem = error.message;
  return new KeepsakeError('FORMAT_MALFORMED', { what, where, problem }, { cause: error });
}
