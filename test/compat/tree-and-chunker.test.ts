/** The codecs against what the real restic stored. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ContentChunker } from '../../src/format/chunker.ts';
import type { Node } from '../../src/format/node.ts';
import { isIrreducible } from '../../src/format/polynomial.ts';
import { decodeTree, encodeTree } from '../../src/format/tree.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { layOutNastyTree } from '../support/nasty-tree.ts';
import { requireTool } from '../support/require-tool.ts';
import { restic } from '../support/restic.ts';

describe.skipIf(!requireTool('restic'))('what the real restic stored', () => {
  test('each tree of a nasty folder is read and written again byte for byte', async () => {
    await using lab = await openCompatLab();
    layOutNastyTree(lab.source, { manyCount: 30 });
    await lab.initByRestic();
    // What only root may read fails for others.
    await restic(lab.repository, PASSWORD, ['backup', lab.source], { anyExit: true });
    const trees = await allTrees(lab);
    expect(trees.length).toBeGreaterThan(5);
    for (const bytes of trees) {
      const nodes = decodeTree(bytes);
      expect(Buffer.from(encodeTree(nodes)).toString()).toBe(Buffer.from(bytes).toString());
      // Copies are written anew, not from the text that was kept.
      const copies = nodes.map((node) => ({ ...node }));
      expect(textOf(copies, nodes)).toBe(Buffer.from(bytes).toString());
    }
  });

  test('a large file is cut where restic cut it, into the same blobs', async () => {
    await using lab = await openCompatLab();
    const content = randomBytes(9_000_000);
    writeFileSync(join(lab.source, 'large'), content);
    await lab.initByRestic();
    await lab.restic(['backup', lab.source]);

    const { stdout } = await lab.restic(['cat', 'config']);
    const config = JSON.parse(stdout) as { chunker_polynomial: string };
    const polynomial = BigInt(`0x${config.chunker_polynomial}`);
    expect(isIrreducible(polynomial)).toBe(true);
    const nodes = (await allTrees(lab)).flatMap((bytes) => decodeTree(bytes));
    const stored = nodes.find(({ name }) => name === 'large')?.content;
    expect(blobIds(content, polynomial)).toEqual(stored);
  });
});

/** Every tree of the newest snapshot. */
async function allTrees(lab: CompatLab): Promise<Uint8Array[]> {
  const { tree } = await lab.newest();
  const opened = await lab.openRepository();
  const trees: Uint8Array[] = [];
  const left = [tree];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const bytes = await opened.loadBlob('tree', id);
    trees.push(bytes);
    left.push(...decodeTree(bytes).flatMap(({ subtree }) => subtree ?? []));
  }
  return trees;
}

/** The copies' text, but the original's where older Go escapes more, or lost bytes of a target. */
function textOf(copies: readonly Node[], originals: readonly Node[]): string {
  const writtenOtherwise = ({ name, linkTarget }: Node): boolean =>
    /[\u{1fae0}-\u{1faff}]/u.test(name) || /[\b\f\ufffd]/.test(linkTarget ?? '');
  const nodes = copies.map((copy, i) => (writtenOtherwise(copy) ? originals[i]! : copy));
  return Buffer.from(encodeTree(nodes)).toString();
}

function blobIds(content: Uint8Array, polynomial: bigint): string[] {
  const chunker = new ContentChunker(polynomial);
  const ids: string[] = [];
  for (let at = 0; at < content.length;) {
    const length = chunker.scan(content, at);
    const end = length < 0 ? content.length : at + length;
    ids.push(createHash('sha256').update(content.subarray(at, end)).digest('hex'));
    at = end;
  }
  return ids;
}
