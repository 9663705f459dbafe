/** A snapshot as restic's `snapshots --json` and `ls --json` give it. */
import { utf8Decode } from '../base/bytes.ts';
import { encodeSnapshot } from '../format/snapshot-file.ts';
import type { StoredSnapshot } from '../repository/repository.ts';

export function snapshotMessage({ id, snapshot }: StoredSnapshot): Record<string, unknown> {
  const fields = JSON.parse(utf8Decode(encodeSnapshot(snapshot))) as Record<string, unknown>;
  return { ...fields, id, short_id: id.slice(0, 8) };
}
