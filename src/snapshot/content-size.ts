/**
 * What a file of a snapshot is: its pieces, one after the other. The size in the tree is only a
 * note; very old restic wrote it before it read the file, and restic itself restores the pieces
 * (its issue 1887, internal/checker/checker.go `checkTree`).
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { fileBlobSize, type BlobReader, type ReadOptions } from './blob-reader.ts';

export interface FileOfTree {
  /** As in the snapshot, for messages. */
  readonly path: string;
  readonly node: Node;
}

/** Throws `SNAPSHOT_CONTENT_UNLISTED` where bytes are missing, because no list says which. */
export function piecesOf({ path, node }: FileOfTree): readonly string[] {
  const { content, size: sizeBytes = 0 } = node;
  if (content !== null) return content;
  if (sizeBytes === 0) return [];
  throw new KeepsakeError('SNAPSHOT_CONTENT_UNLISTED', { path, sizeBytes });
}

/** Throws as `piecesOf`, and what loading a piece throws whose length is not known without. */
export async function contentSize(
  reader: BlobReader,
  file: FileOfTree,
  options: ReadOptions = {},
): Promise<number> {
  const { path } = file;
  let sizeBytes = 0;
  for (const id of piecesOf(file)) sizeBytes += await fileBlobSize(reader, { path, id }, options);
  return sizeBytes;
}

/** For people, where the tree says another size. */
export function sizeWarning({ size = 0 }: Node, contentBytes: number): string | undefined {
  if (size === contentBytes) return undefined;
  return `its folder's list says ${size} bytes, but its stored content has ${contentBytes}; the content counts`;
}
