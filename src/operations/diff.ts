/** `diff`: what changed from one snapshot to another. */
import { findTree } from '../snapshot/find-node.ts';
import { diffTrees, type DiffEvent } from '../snapshot/diff.ts';
import { chooseSnapshot } from './choose-snapshot.ts';
import { openSession } from './open-session.ts';
import type { ReadingInput } from './open-snapshot.ts';
import type { Workbench } from './workbench.ts';

export interface DiffInput extends ReadingInput {
  /** Ids or their beginnings, or `latest`; each with `:/folder` or not. */
  readonly before: string;
  readonly after: string;
  readonly metadata: boolean;
}

export type DiffNews =
  { readonly kind: 'snapshots'; readonly beforeId: string; readonly afterId: string } | DiffEvent;

export async function* diff(workbench: Workbench, input: DiffInput): AsyncGenerator<DiffNews> {
  const { before, after, metadata, signal } = input;
  await using session = await openSession(workbench, input.repository, input);
  const { repository } = session;
  const choosing = { signal, warn: workbench.warn };
  const old = await chooseSnapshot(repository, before, choosing);
  const recent = await chooseSnapshot(repository, after, choosing);
  await repository.loadIndex({ signal });
  const [oldTree, recentTree] = [
    await findTree(repository, { rootTreeId: old.snapshot.tree, path: old.subfolder }, { signal }),
    await findTree(
      repository,
      { rootTreeId: recent.snapshot.tree, path: recent.subfolder },
      { signal },
    ),
  ];
  yield { kind: 'snapshots', beforeId: old.id, afterId: recent.id };
  yield* diffTrees(repository, { before: oldTree, after: recentTree }, { metadata, signal });
}
