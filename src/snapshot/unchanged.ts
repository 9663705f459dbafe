import { isSameTime } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { BlobStore } from './blob-writer.ts';
import type { Manifest } from './manifest.ts';

export type UnchangedFile = Node & { readonly content: readonly string[] };

/**
 * Whether a file may be taken over from the parent without being read: same size, mtime, ctime and
 * inode, as restic decides it (restic internal/archiver/archiver.go, fileChanged), and every piece
 * of it still in the repository.
 */
export function isUnchanged(
  previous: Node | undefined,
  now: Node,
  store: BlobStore,
): previous is UnchangedFile {
  return (
    previous?.type === 'file' &&
    now.type === 'file' &&
    previous.content !== null &&
    (previous.size ?? 0) === (now.size ?? 0) &&
    isSameTime(previous.mtime, now.mtime) &&
    isSameTime(previous.ctime, now.ctime) &&
    previous.inode === now.inode &&
    previous.content.every((id) => store.hasBlob('data', id))
  );
}

/** Whether a path is known to be no database; an older manifest does not say. */
export function plainIn(manifest: Manifest | undefined): (path: string) => boolean {
  if (manifest?.otherFilesArePlain !== true) return () => false;
  const databases = new Set(manifest.databases.map(({ path }) => path));
  return (path) => !databases.has(path);
}
