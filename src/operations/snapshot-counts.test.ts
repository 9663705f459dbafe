import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab, storeSnapshot, type Lab } from '../../test/support/repository-lab.ts';
import { fileNode, folderNode, treeOf } from '../../test/support/tree-builder.ts';
import type { Repository } from '../repository/repository.ts';
import { MANIFEST_FOLDER, MANIFEST_NAME } from '../snapshot/manifest.ts';
import { countSnapshots } from './snapshot-counts.ts';

interface Counted {
  readonly items?: number;
  readonly files?: number;
  readonly host?: string;
  readonly manifest?: string;
}

/** Of a database with one table, and a folder. */
async function save(lab: Lab, day: number, counted: Counted): Promise<string> {
  const { items, files, host = 'nas' } = counted;
  const text = JSON.stringify({
    version: 1,
    databases:
      items === undefined
        ? []
        : [{ path: '/app/db', tables: [{ name: 'items', kind: 'table', rowCount: items }] }],
    files: files === undefined ? [] : [{ path: '/app/up', fileCount: files, sizeBytes: files }],
    references: [],
    orphans: [],
  });
  const store = new MemoryBlobStore();
  const file = fileNode(store, MANIFEST_NAME, [counted.manifest ?? text]);
  const tree = treeOf(store, [folderNode(store, MANIFEST_FOLDER, [file])]);
  const fields = { time: `2026-01-0${day}T00:00:00Z`, hostname: host };
  return storeSnapshot(await lab.open(), { store, tree }, { fields });
}

async function countAll(repository: Repository) {
  return countSnapshots(repository, await repository.loadSnapshots(), {});
}

test('what changed is told against the last one of the same host that counted the same thing', async () => {
  const lab = await createLab();
  const first = await save(lab, 1, { items: 20, files: 9 });
  const other = await save(lab, 2, { items: 3, files: 3, host: 'laptop' });
  const databaseOnly = await save(lab, 3, { items: 21 });
  const last = await save(lab, 4, { items: 15, files: 8 });
  const { counts, damaged } = await countAll(await lab.open());
  const [bytesBefore, bytesAfter] = [9, 8];
  const table = { database: '/app/db', table: 'items' };
  expect(counts.get(first)).toMatchObject({ rowCount: 20, fileCount: 9 });
  expect(counts.get(first)?.changes).toEqual({ tables: [], folders: [] });
  expect(counts.get(other)?.changes).toEqual({ tables: [], folders: [] });
  expect(counts.get(databaseOnly)).toMatchObject({ rowCount: 21, fileCount: undefined });
  expect(counts.get(databaseOnly)?.changes).toEqual({
    tables: [{ ...table, before: 20, after: 21 }],
    folders: [],
  });
  expect(counts.get(last)?.changes).toEqual({
    tables: [{ ...table, before: 21, after: 15 }],
    folders: [{ path: '/app/up', before: 9, after: 8, bytesBefore, bytesAfter }],
  });
  expect(damaged).toEqual([]);
});

test('a manifest that cannot be read is told, and the others are counted', async () => {
  const lab = await createLab();
  const bad = await save(lab, 1, { manifest: 'no JSON' });
  const good = await save(lab, 2, { items: 1 });
  const { counts, damaged } = await countAll(await lab.open());
  expect(damaged).toMatchObject([{ id: bad, error: { code: 'SNAPSHOT_MANIFEST_INVALID' } }]);
  expect([...counts.keys()]).toEqual([good]);
});
