/**
 * A folder whose list is never in memory whole. Links to long targets make one of 9 MB from few
 * entries.
 */
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileHandle } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { systemClock } from '../../src/base/clock.ts';
import { LargeTree } from '../../src/format/large-tree.ts';
import type { BlobPlace } from '../../src/repository/blob-index.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { findNode } from '../../src/snapshot/find-node.ts';
import { restoreSnapshot } from '../../src/snapshot/restore.ts';
import { findErrors, hastyClock, openBackupLab, type BackupLab } from '../support/backup-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireTool } from '../support/require-tool.ts';

const LINKS = 2200;
const nameOf = (n: number): string => `link-${10_000 + n}`;
const targetOf = (n: number): string => `${n}-`.repeat(4000).slice(0, 4000);

function layOutLinks(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < LINKS; n += 1) symlinkSync(targetOf(n), join(folder, nameOf(n)));
}

function replaceLink(folder: string, n: number, target: string): void {
  rmSync(join(folder, nameOf(n)));
  symlinkSync(target, join(folder, nameOf(n)));
}

function readLinks(folder: string): string[] {
  return Array.from({ length: LINKS }, (_, n) => readlinkSync(join(folder, nameOf(n))));
}

async function folderTree(repository: Repository, rootTreeId: string, path: string) {
  const id = (await findNode(repository, { rootTreeId, path }))?.subtree ?? '';
  return { id, nodes: await repository.loadTree(id) };
}

describe.skipIf(!requireTool('restic'))('beside restic', () => {
  let lab: CompatLab;

  beforeAll(async () => {
    lab = await openCompatLab();
    await lab.initQuickly();
    layOutLinks(lab.source);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('a large folder that restic stored is read, restored and taken over, and the other way round', async () => {
    await lab.restic(['backup', lab.source]);
    const theirs = await lab.newest();
    await lab.keepsake(['backup', lab.source]);
    const ours = await lab.newest();
    const repository = await lab.openRepository();
    const before = await folderTree(repository, theirs.tree, lab.source);
    expect(before.nodes).toBeInstanceOf(LargeTree);
    expect((await folderTree(repository, ours.tree, lab.source)).id).toBe(before.id);

    replaceLink(lab.source, 1234, 'elsewhere');
    await lab.keepsake(['backup', lab.source]);
    const changed = await lab.newest();
    await lab.restic(['backup', lab.source]);
    const again = await lab.newest();
    const after = await lab.openRepository();
    const [found, expected] = [changed, again].map(({ tree }) =>
      folderTree(after, tree, lab.source),
    );
    expect((await found)?.id).toBe((await expected)?.id);

    await lab.checkWithBoth();
    const target = join(lab.source, '../restored');
    await lab.keepsake(['restore', theirs.id, '--target', target]);
    expect(readLinks(join(target, lab.source))).toEqual(
      Array.from({ length: LINKS }, (_, n) => targetOf(n)),
    );
  });
});

describe('in a repository of ours', () => {
  let lab: BackupLab;
  let backend: MemBackend;
  let uploads: string;
  let tree: string;
  let place: BlobPlace;

  beforeAll(async () => {
    backend = createMemBackend();
    // What is here has rested for an hour, so that it is taken over unread.
    const now = (): Date => new Date(systemClock.now().getTime() + 3_600_000);
    lab = await openBackupLab({ backend, clock: { ...hastyClock, now } });
    uploads = lab.app.uploads;
    layOutLinks(uploads);
    tree = await backup(backend);
    const repository = await lab.open();
    const { id } = await folderTree(repository, tree, uploads);
    place = repository.index.find('tree', id) as BlobPlace;
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  /** The tree of a new backup. */
  async function backup(into: MemBackend, problems: readonly string[] = []): Promise<string> {
    const result = await lab.backup({ backend: into });
    const codes = result.problems.map(({ error }) => (error as { code?: string }).code);
    expect(codes).toEqual(problems);
    const repository = await lab.open(into);
    return (await repository.loadSnapshot(result.snapshotId ?? '')).tree;
  }

  /** A copy of the repository with the bytes of the large tree changed. */
  async function damage(change: (sealed: Uint8Array) => unknown): Promise<MemBackend> {
    const damaged = backend.clone();
    const pack: FileHandle = { kind: 'pack', name: place.packId };
    const bytes = await backend.load(pack);
    change(bytes.subarray(place.offset, place.offset + place.length));
    damaged.tamper(pack, bytes);
    return damaged;
  }

  async function restoreFrom(from: MemBackend, treeId: string, target: string) {
    const reader = await lab.open(from);
    const events = await Array.fromAsync(restoreSnapshot({ reader, treeId, target }));
    return events.flatMap((event) => (event.kind === 'error' ? [event] : []));
  }

  test.each([
    ['turned at its front', 0, 1],
    ['turned in its middle', 0.5, 1],
    ['turned at its end', 1, 1],
    ['lost from its middle on', 0.5, Infinity],
  ])('a large folder %s is named, and none of its entries is restored', async (what, at, count) => {
    const damaged = await damage((sealed) => {
      const from = Math.min(sealed.length - 1, Math.floor(sealed.length * at));
      for (let n = from; n < Math.min(sealed.length, from + count); n += 1) {
        sealed[n] = (sealed[n] ?? 0) ^ 0x55;
      }
    });
    const errors = await findErrors(await lab.repositoryLab.open(damaged));
    expect(errors.join('\n')).toContain(`folder ${uploads} (tree ${place.id}) cannot be read`);
    const target = lab.join(`restored ${what}`);
    const failed = await restoreFrom(damaged, tree, target);
    expect(failed.map(({ path, error }) => [path, error.code])).toEqual([
      [uploads, 'SNAPSHOT_TREE_DAMAGED'],
    ]);
    expect(readdirSync(join(target, uploads))).toEqual([]);
  });

  test('a backup beside a damaged large folder says so and stores it anew, also for the snapshots of before', async () => {
    const damaged = await damage((sealed) => sealed.fill(0, 99, 100));
    const next = await backup(damaged, ['PARENT_DAMAGED']);
    for (const [n, root] of [tree, next].entries()) {
      const target = lab.join(`restored anew ${n}`);
      expect(await restoreFrom(damaged, root, target)).toEqual([]);
      expect(readLinks(join(target, uploads))).toEqual(readLinks(uploads));
    }
  });

  test('a large folder is taken over as it stands, and made anew where an entry changed', async () => {
    const copy = backend.clone();
    const again = await backup(copy);
    const taken = await folderTree(await lab.open(copy), again, uploads);
    expect(taken.id).toBe(place.id);
    replaceLink(uploads, 1234, 'elsewhere');
    const next = await backup(copy);
    const changed = await folderTree(await lab.open(copy), next, uploads);
    const old = await lab.open();
    const { nodes } = await folderTree(old, tree, uploads);
    const expected = new Map(Array.from(nodes, (node) => [node.name, node]));
    const differing = Array.from(changed.nodes).filter(
      (node) => JSON.stringify(node, plainly) !== JSON.stringify(expected.get(node.name), plainly),
    );
    expect(changed.nodes.length).toBe(nodes.length);
    expect(differing.map(({ name, linkTarget }) => [name, linkTarget])).toEqual([
      [nameOf(1234), 'elsewhere'],
    ]);
    expect(await findErrors(await lab.repositoryLab.open(copy))).toEqual([]);
  });
});

function plainly(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}
