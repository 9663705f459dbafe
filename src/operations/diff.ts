/** `diff`: what changed from one snapshot to another, by file and by what was counted at capture. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository } from '../repository/repository.ts';
import { findTree } from '../snapshot/find-node.ts';
import { diffTrees, type DiffEvent } from '../snapshot/diff.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import { MANIFEST_PATH } from '../snapshot/manifest.ts';
import { compareManifests, type ManifestChanges } from '../snapshot/manifest-changes.ts';
import { chooseSnapshot, type ChosenSnapshot } from './choose-snapshot.ts';
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
  | { readonly kind: 'snapshots'; readonly beforeId: string; readonly afterId: string }
  /** Only of whole snapshots. `uncounted`: ids of those without a manifest; then nothing is known. */
  | ({ readonly kind: 'counts'; readonly uncounted: readonly string[] } & ManifestChanges)
  | DiffEvent;

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
  const changes = diffTrees(
    repository,
    { before: oldTree, after: recentTree },
    { metadata, signal },
  );
  for await (const event of changes) {
    const isLast = event.kind === 'statistics';
    if (isLast && isWhole(old) && isWhole(recent)) {
      yield* compareCounts(repository, { old, recent }, { signal });
    }
    yield event;
  }
}

function isWhole({ subfolder }: ChosenSnapshot): boolean {
  return subfolder === '/';
}

async function* compareCounts(
  repository: Repository,
  { old, recent }: { old: ChosenSnapshot; recent: ChosenSnapshot },
  { signal }: { signal?: AbortSignal | undefined },
): AsyncGenerator<DiffNews> {
  const load = ({ snapshot }: ChosenSnapshot) =>
    loadManifest(repository, snapshot.tree, { signal });
  try {
    const [before, after] = [await load(old), await load(recent)];
    if (before !== undefined && after !== undefined) {
      yield { kind: 'counts', uncounted: [], ...compareManifests(before, after) };
      return;
    }
    const uncounted = [before === undefined && old.id, after === undefined && recent.id];
    const ids = new Set(uncounted.filter((id) => id !== false));
    yield { kind: 'counts', uncounted: [...ids], tables: [], folders: [] };
  } catch (error) {
    if (!isKeepsakeError(error)) throw error;
    yield { kind: 'problem', path: MANIFEST_PATH, error };
  }
}
