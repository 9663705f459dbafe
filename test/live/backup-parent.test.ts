/** What a backup takes over from its parent, and what it does about one that is damaged. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { findNode } from '../../src/snapshot/find-node.ts';
import { loadManifest } from '../../src/snapshot/load-manifest.ts';
import { MANIFEST_PATH } from '../../src/snapshot/manifest.ts';
import { codesOf, openSmallLab, stored } from '../support/small-backup.ts';

test('nothing of an unchanged app is read or stored again', async () => {
  await using lab = await openSmallLab();
  await lab.backup();
  const { counts, outcome } = await lab.backup();
  expect(outcome).toBe('ok');
  expect(counts).toMatchObject({ filesNew: 0, filesChanged: 0, dirsNew: 0, dirsChanged: 0 });
  expect(counts.dataBlobs).toBe(1); // the manifest
});

test('a parent snapshot that is damaged is passed over, and everything is read', async () => {
  const store = createMemBackend();
  await using lab = await openSmallLab(store);
  const { snapshotId: name = '' } = await lab.backup();
  const handle = { kind: 'snapshot', name } as const;
  const bytes = await store.load(handle);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  store.tamper(handle, bytes);
  const result = await lab.backup();
  expect(result).toMatchObject({ parentId: undefined, outcome: 'warning' });
  expect(codesOf(result)).toEqual([['parent', 'REPOSITORY_FILE_DAMAGED']]);
  expect(result.counts.filesUnmodified).toBe(0);
  expect((await stored(lab, result)).files.has('.env')).toBe(true);
});

test.each([
  ['the lists of folders', 'tree'],
  ['the manifest', 'data'],
] as const)('%s of the parent being lost is told, and stored anew', async (_, content) => {
  const store = createMemBackend();
  await using lab = await openSmallLab(store);
  // Two packs of data: the manifest, stored last, shares none with the files.
  const first = await lab.backup({ packSizeBytes: content === 'data' ? 1000 : 16 << 20 });
  const repository = await lab.open();
  const { tree } = await repository.loadSnapshot(first.snapshotId ?? '');
  const manifest = await findNode(repository, { rootTreeId: tree, path: MANIFEST_PATH });
  const id = content === 'tree' ? tree : (manifest?.content?.[0] ?? '');
  const name = repository.locateBlob(content, id)?.packId ?? '';
  store.tamper({ kind: 'pack', name }, undefined);
  const result = await lab.backup();
  expect(result.outcome).toBe('warning');
  expect(codesOf(result)).toEqual([
    ['parent', 'PARENT_DAMAGED'],
    ['parent', 'REPOSITORY_PACKS_LOST'],
  ]);
  const { snapshot, files, complete } = await stored(lab, result);
  expect([files.has('.env'), complete]).toEqual([true, true]);
  expect(await loadManifest(await lab.open(), snapshot.tree)).toBeDefined();
});

test.each([
  ['missing', undefined],
  ['cut short', 500],
])('what is in a pack that is %s is stored anew, though the parent names it', async (_, length) => {
  const store = createMemBackend();
  await using lab = await openSmallLab(store);
  await lab.backup();
  const repository = await lab.open();
  for (const name of repository.index.packIds()) {
    const [blob] = repository.index.entriesOf(name);
    if (blob?.type !== 'data') continue;
    const handle = { kind: 'pack', name } as const;
    store.tamper(
      handle,
      length === undefined ? length : (await store.load(handle)).slice(0, length),
    );
  }
  const result = await lab.backup();
  expect(result.outcome).toBe('warning');
  expect(codesOf(result)).toContainEqual(['parent', 'REPOSITORY_PACKS_LOST']);
  const { files } = await stored(lab, result);
  for (const name of readdirSync(lab.app.uploads)) {
    const bytes = Buffer.from(files.get(`uploads/${name}`)!.bytes);
    expect(bytes).toEqual(readFileSync(join(lab.app.uploads, name)));
  }
  expect(files.has('data/prod.db')).toBe(true);
});
