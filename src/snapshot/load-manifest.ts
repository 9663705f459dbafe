import { concatBytes } from '../base/bytes.ts';
import type { BlobReader, ReadOptions } from './blob-reader.ts';
import { findNode } from './find-node.ts';
import { decodeManifest, MANIFEST_PATH, type Manifest } from './manifest.ts';

/** The manifest of a snapshot, or `undefined` for one that Keepsake did not write. */
export async function loadManifest(
  reader: BlobReader,
  rootTree: string,
  options: ReadOptions = {},
): Promise<Manifest | undefined> {
  const bytes = await loadSmallFile(reader, { rootTree, path: MANIFEST_PATH }, options);
  return bytes === undefined ? undefined : decodeManifest(bytes);
}

/** All of a file, or `undefined` when the snapshot has no such file. */
export async function loadSmallFile(
  reader: BlobReader,
  { rootTree, path }: { rootTree: string; path: string },
  options: ReadOptions = {},
): Promise<Uint8Array | undefined> {
  const node = await findNode(reader, { rootTreeId: rootTree, path }, options);
  if (node?.type !== 'file') return undefined;
  const parts: Uint8Array[] = [];
  for (const id of node.content ?? []) parts.push(await reader.loadBlob('data', id, options));
  return concatBytes(parts);
}
