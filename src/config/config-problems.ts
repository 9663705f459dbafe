/** What zod found wrong, in words a person can act on. */
import type { z } from 'zod';
import type { ConfigProblem } from '../base/errors/config-errors.ts';
import { didYouMean, nearestName } from '../base/nearest-name.ts';
import { keysAt, listKeys, type JsonSchema } from './json-schema-walk.ts';
import type { YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

interface Context {
  readonly document: YamlDocument;
  readonly schema: JsonSchema;
}

const SECRET_KEY = /^(password|passphrase|passwort|pass|pwd|secret)$/i;

/** In the order of the file. */
export function describeIssues(issues: readonly Issue[], context: Context): ConfigProblem[] {
  return issues
    .flatMap((issue) => describeIssue(issue, [], context))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function describeIssue(issue: Issue, base: Path, context: Context): ConfigProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(path, key, context));
  }
  if (issue.code === 'invalid_union') {
    const fitting = issue.errors.find((errors) => !isWrongType(errors)) ?? [];
    if (fitting.length > 0) return fitting.flatMap((inner) => describeIssue(inner, path, context));
  }
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    const key = String(path.at(-1));
    const place = context.document.placeOf(path.slice(0, -1), key);
    return [{ path: pathText(path), ...place, text: inner?.message ?? issue.message }];
  }
  const place = context.document.placeOf(path);
  return [{ path: pathText(path), ...place, text: describe(issue, path, context) }];
}

function isWrongType(issues: readonly Issue[]): boolean {
  return issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
}

function unknownKey(path: Path, key: string, context: Context): ConfigProblem {
  const place = context.document.placeOf(path, key);
  return { path: pathText([...path, key]), ...place, text: describeUnknownKey(path, key, context) };
}

function describeUnknownKey(path: Path, key: string, { schema }: Context): string {
  if (SECRET_KEY.test(key)) {
    return 'a password does not belong in this file; put it in a file of its own and name that in password-file';
  }
  const hint = didYouMean(key, keysAt(schema, path));
  if (hint !== '') return `unknown key${hint}`;
  const elsewhere = [...listKeys(schema)].find((entry) => lastKey(entry.path) === key);
  return elsewhere === undefined
    ? 'unknown key'
    : `unknown key here; it belongs at ${elsewhere.path}`;
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function describe(issue: Issue, path: Path, { document }: Context): string {
  const value = valueAt(document.value, path);
  if (issue.code === 'invalid_type') {
    // zod's own words begin so; the schema's are better than any made here.
    const own = !issue.message.startsWith('Invalid input');
    return own ? issue.message : describeType(issue.expected, value);
  }
  if (issue.code === 'invalid_union') return describeType('text or a map', value);
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const nearest = typeof value === 'string' ? nearestName(value, known) : undefined;
    const list = `is not one of ${known.join(', ')}`;
    return nearest === undefined ? list : `${list}; did you mean "${nearest}"?`;
  }
  return issue.message;
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'a map (keys with values)',
  record: 'a map (names with values)',
  array: 'a list',
  boolean: 'true or false',
};

function describeType(expected: string, value: unknown): string {
  const wanted = WANTED[expected] ?? expected;
  if (value === undefined) return `is missing; it must be ${wanted}`;
  const tip = expected === 'string' && isPlain(value) ? '; put it in quotes' : '';
  const listTip = expected === 'array' && isPlain(value) ? '; write it as [ … ]' : '';
  return `must be ${wanted}, not ${describeValue(value)}${tip}${listTip}`;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** The kind only, never the value: it could be a password that stands in the wrong place. */
function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string'
    ? 'text'
    : typeof value === 'number'
      ? 'a number'
      : 'true or false';
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}

/** `apps.wishlist.references[0].table`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}
