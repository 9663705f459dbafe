/** Evidence of drills in the repository. */
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { Repository, StoredSnapshot } from '../../repository/repository.ts';
import { newArchiveCounts } from '../../snapshot/archive-counts.ts';
import { loadSmallFile } from '../../snapshot/load-manifest.ts';
import { MANIFEST_FOLDER } from '../../snapshot/manifest.ts';
import { ownFileNodes } from '../../snapshot/own-file-nodes.ts';
import { PackedTreeBuilder } from '../../snapshot/packed-tree.ts';
import { RepositoryTrees } from '../../snapshot/tree-store.ts';
import { walkTree } from '../../snapshot/tree-walk.ts';
import { makeSnapshot } from '../make-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import { decodeEvidence, encodeEvidence, type DrillEvidence } from './drill-evidence.ts';

const PROOF_TAG = 'proof';
/** The same for all, so that restic's groups by path hold them together. */
const PROOF_PATHS = [`/${MANIFEST_FOLDER}`];
/** Looked through for one that can be read. */
const MOST_PROOFS = 20;

/** Not `app:…`, by which the app's own snapshots are grouped and found. */
function appTag(app: string): string {
  return `proof-of:${app}`;
}

function nameOf(id: string): string {
  return `proof-${id}.json`;
}

interface ProofOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Packs, index, snapshot, each durable before the next, as a backup does. Gives the id. */
export async function saveProof(
  workbench: Workbench,
  repository: Repository,
  evidence: DrillEvidence,
  { signal }: ProofOptions = {},
): Promise<string> {
  const saver = repository.startWriting({ signal });
  const now = workbench.clock.now();
  try {
    const counts = newArchiveCounts();
    const trees = new RepositoryTrees(repository, counts);
    const file = { name: nameOf(evidence.id), bytes: encodeEvidence(evidence) };
    const root = new PackedTreeBuilder();
    for (const node of await ownFileNodes([file], { store: repository, trees, counts, now })) {
      root.add(node);
    }
    const tree = await trees.saveTree(root.finish());
    await saver.flush();
    const snapshot = makeSnapshot(workbench, {
      time: now,
      tree,
      paths: PROOF_PATHS,
      hostname: evidence.hostname,
      excludes: [],
      tags: [PROOF_TAG, appTag(evidence.app)],
      startedAt: now,
      endedAt: now,
      counts,
    });
    return await repository.saveSnapshot(snapshot, { signal });
  } catch (error) {
    await saver.abandon();
    throw error;
  }
}

/**
 * Newest first, as they are asked for. The index must be loaded. One that cannot be read is passed
 * over: then nothing is known.
 */
export async function* loadProofs(
  repository: Repository,
  app: string,
  { signal }: ProofOptions = {},
): AsyncGenerator<DrillEvidence> {
  const snapshots = await repository.loadSnapshots({ signal, onDamage: () => {} });
  const proofs = snapshots.filter(
    ({ snapshot: { tags = [] } }) => tags.includes(PROOF_TAG) && tags.includes(appTag(app)),
  );
  for (const proof of proofs.reverse().slice(0, MOST_PROOFS)) {
    const evidence = await loadEvidence(repository, proof, { signal });
    if (evidence !== undefined) yield evidence;
  }
}

/** What the last drill of the app found; `undefined` when there is none that can be read. */
export async function latestProof(
  repository: Repository,
  app: string,
  options: ProofOptions = {},
): Promise<DrillEvidence | undefined> {
  for await (const evidence of loadProofs(repository, app, options)) return evidence;
  return undefined;
}

async function loadEvidence(
  repository: Repository,
  { snapshot }: StoredSnapshot,
  { signal }: ProofOptions,
): Promise<DrillEvidence | undefined> {
  const { tree: rootTree } = snapshot;
  try {
    for await (const { phase, path } of walkTree(repository, rootTree, { signal })) {
      if (phase !== 'leaf') continue;
      const bytes = await loadSmallFile(repository, { rootTree, path }, { signal });
      return bytes === undefined ? undefined : decodeEvidence(bytes);
    }
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (!isKeepsakeError(error)) throw error;
    return undefined;
  }
}
