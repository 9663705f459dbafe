import { isKeepsakeError, type KeepsakeError } from '../base/errors/keepsake-error.ts';

const DAMAGE = [
  'SNAPSHOT_TREE_DAMAGED',
  'SNAPSHOT_MANIFEST_INVALID',
  'REPOSITORY_BLOB_MISSING',
  'REPOSITORY_BLOB_DAMAGED',
];

/** Of what a snapshot names, as opposed to a storage that cannot be reached. */
export function isSnapshotDamage(error: unknown): error is KeepsakeError {
  if (!isKeepsakeError(error)) return false;
  return DAMAGE.includes(error.code) || error.code.startsWith('TREE_');
}
