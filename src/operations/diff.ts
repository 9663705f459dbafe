/** `diff`: what changed from one snapshot to another, by file and by what was counted at capture. */
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Repository } from '../repository/repository.ts';
import { findTree } from '../snapshot/find-node.ts';
import { diffTrees, type DiffEvent } from '../snapshot/diff.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import { MANIFEST_PATH, type Manifest } from '../snapshot/manifest.ts';
import { compareManifests, type ManifestChanges } from '../snapshot/manifest-changes.ts';
import { chooseSnapshot, type ChosenSnapshot } from './choose-snapshot.ts';
import { openSession } from './open-session.ts';
import type { ReadingInput } from './open-snapshot.ts';
import { isSnapshotDamage } from './snapshot-damage.ts';
import type { Workbench } from './workbench.ts';

export interface DiffInput extends ReadingInput {
  /** Ids or their beginnings, or `latest`; each with `:/folder` or not. */
  readonly before: string;
  readonly after: string;
  readonly metadata: boolean;
}

export type DiffNews =
  | {
      readonly kind: 'snapshots';
      readonly beforeId: string;
      readonly afterId: string;
      /** Captured through SQLite: their times are those of the main file, whatever the -wal had. */
      readonly databases: readonly string[];
    }
  /** Only of whole snapshots. `uncounted`: ids of those without a manifest; then nothing is known. */
  | ({ readonly kind: 'counts'; readonly uncounted: readonly string[] } & ManifestChanges)
  | DiffEvent;

export async function* diff(workbench: Workbench, input: DiffInput): AsyncGenerator<DiffNews> {
  const { before, after, metadata, signal } = input;
  await using session = await openSession(workbench, input.repository, input);
  const { repository } = session;
  const choosing = { signal, warn: workbench.warn, clock: workbench.clock };
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
  const manifests = await loadBoth(repository, { old, recent }, { signal });
  yield {
    kind: 'snapshots',
    beforeId: old.id,
    afterId: recent.id,
    databases: manifests.flatMap(({ manifest }) => databasePaths(manifest)),
  };
  const changes = diffTrees(
    repository,
    { before: oldTree, after: recentTree },
    { metadata, signal },
  );
  for await (const event of changes) {
    if (event.kind === 'statistics' && isWhole(old) && isWhole(recent)) {
      yield* compareCounts(manifests);
    }
    yield event;
  }
}

function isWhole({ subfolder }: ChosenSnapshot): boolean {
  return subfolder === '/';
}

interface LoadedManifest {
  readonly id: string;
  readonly manifest: Manifest | undefined;
  readonly error?: KeepsakeError;
}

async function loadBoth(
  repository: Repository,
  { old, recent }: { old: ChosenSnapshot; recent: ChosenSnapshot },
  { signal }: { signal?: AbortSignal | undefined },
): Promise<[LoadedManifest, LoadedManifest]> {
  const load = async ({ id, snapshot }: ChosenSnapshot): Promise<LoadedManifest> => {
    try {
      return { id, manifest: await loadManifest(repository, snapshot.tree, { signal }) };
    } catch (error) {
      if (!isSnapshotDamage(error)) throw error;
      return { id, manifest: undefined, error };
    }
  };
  return [await load(old), await load(recent)];
}

function databasePaths(manifest: Manifest | undefined): string[] {
  return (manifest?.databases ?? []).map(({ path }) => path);
}

function* compareCounts([old, recent]: [LoadedManifest, LoadedManifest]): Generator<DiffNews> {
  for (const { error } of [old, recent]) {
    if (error !== undefined) yield { kind: 'problem', path: MANIFEST_PATH, error };
  }
  if (old.manifest !== undefined && recent.manifest !== undefined) {
    yield { kind: 'counts', uncounted: [], ...compareManifests(old.manifest, recent.manifest) };
    return;
  }
  const uncounted = [old, recent].filter(({ manifest }) => manifest === undefined);
  const ids = new Set(uncounted.map(({ id }) => id));
  yield { kind: 'counts', uncounted: [...ids], tables: [], folders: [] };
}
