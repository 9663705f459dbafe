/** Looks into an image that nothing else has open, in a gate process. */
import { callGate, expectAnswer } from './gate-answer.ts';
import type { ColumnReference } from './gate-protocol.ts';
import type { DatabaseFacts } from './database-facts.ts';
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
  return await requestFacts(own.gate, imagePath, { ...options, path: imagePath });
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

/** `path` is the database that messages name. */
export async function requestFacts(
  gate: Gate,
  image: string,
  { path, fullIntegrity = false, signal }: InspectOptions & { path: string },
): Promise<DatabaseFacts> {
  const request = { kind: 'facts', image, fullIntegrity } as const;
  const answer = await callGate(gate, path, request, { signal });
  return expectAnswer(answer, 'facts', path).facts;
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
  let answer = await callGate(gate, imagePath, request, { signal });
  for (;;) {
    const { values, done } = expectAnswer(answer, 'values', imagePath);
    yield* values;
    if (done) return;
    answer = await callGate(gate, imagePath, { kind: 'next' }, { signal });
  }
}
