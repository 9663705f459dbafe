import { isSameTime } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { BlobStore } from './blob-writer.ts';
import type { Manifest } from './manifest.ts';

export type UnchangedFile = Node & { readonly content: readonly string[] };

/**
 * Whether a file is the one of the parent: same size, mtime, ctime and inode, as restic decides it
 * (restic internal/archiver/archiver.go, fileChanged). To take it over without reading it, every
 * piece must be in the repository still: see `isStored`.
 */
export function isUnchanged(previous: Node | undefined, now: Node): previous is UnchangedFile {
  return (
    previous?.type === 'file' &&
    now.type === 'file' &&
    previous.content !== null &&
    (previous.size ?? 0) === (now.size ?? 0) &&
    isSameTime(previous.mtime, now.mtime) &&
    isSameTime(previous.ctime, now.ctime) &&
    previous.inode === now.inode
  );
}

/** Of a large database this takes milliseconds, so it is asked last. */
export function isStored(content: readonly string[], store: BlobStore): boolean {
  return content.every((id) => store.hasBlob('data', id));
}

/** Whether a path is known to be no database; an older manifest does not say. */
export function plainIn(manifest: Manifest | undefined): (path: string) => boolean {
  if (manifest?.otherFilesArePlain !== true) return () => false;
  const databases = new Set(manifest.databases.map(({ path }) => path));
  return (path) => !databases.has(path);
}
