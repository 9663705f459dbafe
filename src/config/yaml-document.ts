/** YAML with the place of each key, so that a problem can say its line. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml';
import type { ConfigProblem } from '../base/errors/config-errors.ts';

type Path = readonly PropertyKey[];

export interface YamlDocument {
  readonly value: unknown;
  /** Every key the text sets, as `a.b[0].c`. */
  readonly given: ReadonlySet<string>;
  /** Of what stands at `path`; with `key`, of that key itself. */
  placeOf(path: Path, key?: string): { line: number; column: number } | undefined;
}

/** Parses one document; problems of its syntax are returned in place of it. */
export function readYaml(text: string): YamlDocument | readonly ConfigProblem[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number | undefined) => {
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    ...place(error.pos[0]),
    text: describeYamlError(error),
  }));
  if (problems.length > 0) return problems;
  const value = toValue(document);
  if ('problem' in value) return [{ path: '', text: value.problem }];
  const given = new Set(listGiven(document.contents, ''));
  for (const path of given) {
    // Validators pass over this key, and it must not reach an object.
    if (path.endsWith('__proto__')) return [{ path, text: 'no key may have this name' }];
  }
  return {
    value: value.value,
    given,
    placeOf: (path, key) => place(offsetOf(document, path, key)),
  };
}

function toValue(document: Document): { value: unknown } | { problem: string } {
  try {
    // A limit on aliases: a few lines of them can otherwise unfold to gigabytes.
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { problem: `an alias cannot be followed: ${(error as Error).message}` };
  }
}

const YAML_PROBLEMS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is written twice',
  TAB_AS_INDENT: 'a tab indents this line; YAML wants spaces',
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
};

function describeYamlError({ code, message }: YAMLError): string {
  const plain = message.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return YAML_PROBLEMS[code] ?? `not valid YAML: ${plain.charAt(0).toLowerCase()}${plain.slice(1)}`;
}

function* listGiven(node: unknown, path: string): Generator<string> {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = keyName(key);
      const inner = path === '' ? name : `${path}.${name}`;
      yield inner;
      yield* listGiven(value, inner);
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) yield* listGiven(item, `${path}[${index}]`);
  }
}

function offsetOf(document: Document, path: Path, key?: string): number | undefined {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0];
  for (const [depth, step] of [...path, ...(key === undefined ? [] : [key])].entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? node.items.find((item) => keyName(item.key) === step) : undefined;
    const next = isSeq(node) ? node.items[Number(step)] : pair?.value;
    const last = depth === path.length - 1 && key === undefined;
    const target = pair === undefined || (last && next !== null) ? next : pair.key;
    offset = (target as Node | undefined)?.range?.[0] ?? offset;
    node = next;
  }
  return offset;
}

function keyName(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
