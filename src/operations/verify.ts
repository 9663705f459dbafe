/** `verify`: proves a snapshot by restoring it, and judges what came back. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { loadManifest } from '../snapshot/load-manifest.ts';
import { judgeRestored } from './judge-restored.ts';
import { openSnapshot } from './open-snapshot.ts';
import { measureTree, RestoredFiles } from './verify-content.ts';
import type { VerifyEvent, VerifyInput, VerifyResult } from './verify-input.ts';
import { openVerifyPlace } from './verify-place.ts';
import type { Workbench } from './workbench.ts';

/**
 * What differs is told in judgements, not thrown. Throws where nothing can be judged:
 * `VERIFY_NO_SPACE`, `SNAPSHOT_MANIFEST_INVALID`, and what concerns repository or disk as a whole.
 * The scratch folder is gone in the end, also after a failure or an abort.
 */
export async function* verify(
  workbench: Workbench,
  input: VerifyInput,
): AsyncGenerator<VerifyEvent, VerifyResult> {
  const startedMs = workbench.clock.monotonicMs();
  const { keep, signal } = input;
  await using open = await openSnapshot(workbench, input, { readsData: true });
  const { id, snapshot, subfolder } = open;
  if (subfolder !== '/') throw new KeepsakeError('VERIFY_PART', { subfolder });
  const manifest = await loadManifest(open.repository, snapshot.tree, { signal });
  const sizeBytes = await measureTree(open, { signal });
  await using place = await openVerifyPlace(workbench, { keep, sizeBytes });
  const stored = { id, snapshot };
  const hasManifest = manifest !== undefined;
  yield { kind: 'begin', stored, hasManifest, sizeBytes };
  const files = new RestoredFiles(place.path, manifest);
  const job = { open, manifest, target: place.path, files, sizeBytes, signal };
  const totals = yield* judgeRestored(workbench, job);
  return {
    ...totals,
    stored,
    hasManifest,
    keptIn: keep,
    durationMs: workbench.clock.monotonicMs() - startedMs,
  };
}
