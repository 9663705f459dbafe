/** The snapshot file of a backup or an import. */
import { timeFromNs } from '../format/go-time.ts';
import type { Snapshot } from '../format/snapshot-file.ts';
import type { ArchiveCounts } from '../snapshot/archive-counts.ts';
import type { Workbench } from './workbench.ts';

export interface SnapshotFacts {
  readonly time: Date;
  readonly parentId?: string | undefined;
  readonly tree: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly counts: ArchiveCounts;
}

export function makeSnapshot({ self, keepsakeVersion }: Workbench, facts: SnapshotFacts): Snapshot {
  const { time, parentId, tree, paths, hostname, excludes, tags, startedAt, endedAt } = facts;
  return {
    time: goTime(time),
    ...(parentId === undefined ? {} : { parent: parentId }),
    tree,
    paths: [...paths],
    hostname,
    username: self.username,
    uid: self.uid,
    gid: self.gid,
    ...(excludes.length === 0 ? {} : { excludes: [...excludes] }),
    ...(tags.length === 0 ? {} : { tags: [...tags] }),
    programVersion: `keepsake ${keepsakeVersion}`,
    summary: {
      backupStart: goTime(startedAt),
      backupEnd: goTime(endedAt),
      ...facts.counts,
    },
  };
}

function goTime(date: Date): string {
  return timeFromNs(BigInt(date.getTime()) * 1_000_000n);
}
