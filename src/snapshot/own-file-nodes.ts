/**
 * Puts files of Keepsake's own into a snapshot: `/.keepsake/manifest.json`, `/.keepsake/config.yaml`,
 * `/.keepsake/proof-….json`.
 */
import { createHash } from 'node:crypto';
import { toHex } from '../base/bytes.ts';
import { compareRawNames } from '../base/raw-name.ts';
import { modeFromStat } from '../format/file-mode.ts';
import { timeFromNs } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { MANIFEST_FOLDER } from './manifest.ts';
import { PackedTreeBuilder } from './packed-tree.ts';
import { saveChunk } from './save-content.ts';
import type { TreeSink } from './tree-store.ts';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

export interface OwnFile {
  readonly name: string;
  /** Small: one blob. */
  readonly bytes: Uint8Array;
}

export interface OwnFilePlace {
  readonly store: BlobStore;
  readonly trees: TreeSink;
  readonly counts: ArchiveCounts;
  readonly now: Date;
}

/** The nodes they add to the snapshot's root. */
export async function ownFileNodes(
  files: readonly OwnFile[],
  { store, trees, counts, now }: OwnFilePlace,
): Promise<Node[]> {
  const time = timeFromNs(BigInt(now.getTime()) * 1_000_000n);
  const common = { mtime: time, atime: time, ctime: time, uid: 0, gid: 0 };
  const tree = new PackedTreeBuilder();
  for (const { name, bytes } of files.toSorted((a, b) => compareRawNames(a.name, b.name))) {
    const id = toHex(createHash('sha256').update(bytes).digest());
    await saveChunk({ id, bytes }, { store, counts });
    tree.add({
      ...common,
      ...modeFromStat(S_IFREG | 0o600),
      name,
      size: bytes.length,
      links: 1,
      content: [id],
    });
  }
  const folder: Node = {
    ...common,
    ...modeFromStat(S_IFDIR | 0o700),
    name: MANIFEST_FOLDER,
    content: null,
    subtree: await trees.saveTree(tree.finish()),
  };
  return [folder];
}
