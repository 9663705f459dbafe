/** Looks into an image that nothing else has open, in a gate process. */
import { callGate, expectAnswer } from './gate-answer.ts';
import type { ColumnReference, GateRequest } from './gate-protocol.ts';
import type { DatabaseChecks, DatabaseContents, DatabaseFacts } from './database-facts.ts';
import { ownGateUnless, type Gate } from './gate.ts';

export interface InspectOptions {
  /** `integrity_check` also compares indexes with their tables, and takes several times as long. */
  fullIntegrity?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Shared by calls that follow each other; without it the call starts its own. */
  gate?: Gate | undefined;
}

/**
 * The facts of a private image: a captured or restored database that no program has open and that
 * has no `-wal` or `-journal`. Nothing is written beside it.
 */
export async function inspectImage(
  imagePath: string,
  options: InspectOptions = {},
): Promise<DatabaseFacts> {
  await using own = ownGateUnless(options.gate);
  const about = { ...options, gate: own.gate, path: imagePath };
  const contents = await readContents(imagePath, about);
  return { ...contents, ...(await checkImage(imagePath, about)) };
}

/**
 * Makes a private copy complete that has a `-wal` or `-journal` beside it: the one is written into
 * it, the other rolled back. Throws `DATABASE_DAMAGED` or `DATABASE_UNREADABLE`.
 */
export async function recoverImage(
  imagePath: string,
  options: Pick<InspectOptions, 'signal' | 'gate'> = {},
): Promise<void> {
  const { signal } = options;
  await using own = ownGateUnless(options.gate);
  const answer = await callGate(
    own.gate,
    imagePath,
    { kind: 'recover', image: imagePath },
    { signal },
  );
  expectAnswer(answer, 'recovered', imagePath);
}

/** What messages name as the database. */
interface Named {
  readonly path: string;
}

/** Of a private image, as all below. Throws `DATABASE_DAMAGED` if not even that can be read. */
export async function readContents(
  image: string,
  { path, gate, signal }: Omit<InspectOptions, 'fullIntegrity'> & Named,
): Promise<DatabaseContents> {
  await using own = ownGateUnless(gate);
  const answer = await callGate(own.gate, path, { kind: 'contents', image }, { signal });
  return expectAnswer(answer, 'contents', path).contents;
}

export async function checkImage(
  image: string,
  { path, fullIntegrity = false, gate, signal }: InspectOptions & Named,
): Promise<DatabaseChecks> {
  await using own = ownGateUnless(gate);
  const request = { kind: 'check', image, fullIntegrity } as const;
  const answer = await callGate(own.gate, path, request, { signal });
  return expectAnswer(answer, 'checked', path).checks;
}

/**
 * The text values of `references` in a private image, column after column, duplicates included.
 * NULL and values of other types are left out. Throws `DATABASE_COLUMN_MISSING` before the first
 * value.
 */
export async function* readReferences(
  imagePath: string,
  references: readonly ColumnReference[],
  options: Pick<InspectOptions, 'signal' | 'gate'> = {},
): AsyncGenerator<string> {
  const { signal } = options;
  await using own = ownGateUnless(options.gate);
  const { gate } = own;
  const request = { kind: 'references', image: imagePath, references } as const;
  yield* texts(request, { path: imagePath, gate, signal });
}

/** As `readReferences`, of the database whose read lock `gate` holds; `path` is what messages name. */
export async function* readHeldReferences(
  references: readonly ColumnReference[],
  held: { path: string; gate: Gate; signal?: AbortSignal | undefined },
): AsyncGenerator<string> {
  yield* texts({ kind: 'held-references', references }, held);
}

async function* texts(
  request: GateRequest,
  { path, gate, signal }: { path: string; gate: Gate; signal?: AbortSignal | undefined },
): AsyncGenerator<string> {
  let answer = await callGate(gate, path, request, { signal });
  for (;;) {
    const { values, done } = expectAnswer(answer, 'values', path);
    yield* values;
    if (done) return;
    answer = await callGate(gate, path, { kind: 'next' }, { signal });
  }
}
