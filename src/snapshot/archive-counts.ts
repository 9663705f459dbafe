import type { Node } from '../format/node.ts';

/** What one backup did, in restic's terms (restic doc/075_scripting.rst, backup summary). */
export interface ArchiveCounts {
  filesNew: number;
  filesChanged: number;
  filesUnmodified: number;
  dirsNew: number;
  dirsChanged: number;
  dirsUnmodified: number;
  dataBlobs: number;
  treeBlobs: number;
  /** Bytes of new blobs before compression. */
  dataAdded: number;
  /** As stored; the repository knows it once all is flushed. */
  dataAddedPacked: number;
  totalFilesProcessed: number;
  totalBytesProcessed: number;
}

export function newArchiveCounts(): ArchiveCounts {
  return {
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
    dataBlobs: 0,
    treeBlobs: 0,
    dataAdded: 0,
    dataAddedPacked: 0,
    totalFilesProcessed: 0,
    totalBytesProcessed: 0,
  };
}

export type ItemAction = 'new' | 'changed' | 'unmodified';

/** Counts a file or folder that stands in the snapshot; links and devices are neither, as for restic. */
export function countItem(
  counts: ArchiveCounts,
  { action, node }: { action: ItemAction; node: Node },
): void {
  if (node.type !== 'dir' && node.type !== 'file') return;
  const suffix = action === 'new' ? 'New' : action === 'changed' ? 'Changed' : 'Unmodified';
  counts[`${node.type === 'dir' ? 'dirs' : 'files'}${suffix}`] += 1;
  if (node.type === 'dir') return;
  counts.totalFilesProcessed += 1;
  counts.totalBytesProcessed += node.size ?? 0;
}

/** Files of one folder. */
export type FileTally = Record<ItemAction, number> & { sizeBytes: number };

export function countFiles(counts: ArchiveCounts, files: Readonly<FileTally>): void {
  counts.filesNew += files.new;
  counts.filesChanged += files.changed;
  counts.filesUnmodified += files.unmodified;
  counts.totalFilesProcessed += fileCountOf(files);
  counts.totalBytesProcessed += files.sizeBytes;
}

export function fileCountOf(files: Readonly<FileTally>): number {
  return files.new + files.changed + files.unmodified;
}

/** Forgets files and folders, keeps what was stored: the second pass counts them anew. */
export function resetItems(counts: ArchiveCounts): void {
  const { dataBlobs, treeBlobs, dataAdded, dataAddedPacked } = counts;
  Object.assign(counts, newArchiveCounts(), { dataBlobs, treeBlobs, dataAdded, dataAddedPacked });
}
