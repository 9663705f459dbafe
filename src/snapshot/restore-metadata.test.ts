import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fileNode, treeOf, type NodeFields } from '../../test/support/tree-builder.ts';
import { listXattrs, setXattr } from '../host/libc.ts';
import { restoreSnapshot } from './restore.ts';

const isRoot = process.getuid?.() === 0;

async function restoreFiles(target: string, files: Readonly<Record<string, NodeFields>>) {
  const store = new MemoryBlobStore();
  const nodes = Object.entries(files).map(([name, fields]) =>
    fileNode(store, name, [`of ${name}`], fields),
  );
  const treeId = treeOf(store, nodes);
  const events = await Array.fromAsync(restoreSnapshot({ reader: store, treeId, target }));
  return events.filter(({ kind }) => kind === 'error' || kind === 'warning');
}

test('what new files inherit from a folder is not theirs: a default ACL leaves no trace', async () => {
  await using target = await tempFolder();
  // linux/posix_acl_xattr.h: version 2, then owner rwx, user 1234 r, group r, mask rwx, others none.
  const acl = Buffer.from(
    '0200000001000700ffffffff02000400d204000004000400ffffffff10000700ffffffff20000000ffffffff',
    'hex',
  );
  setXattr(target.path, 'system.posix_acl_default', acl);
  writeFileSync(target.join('probe'), '');
  expect(listXattrs(target.join('probe'))).toContain('system.posix_acl_access');
  const permissions = 0o604;
  const wrong = await restoreFiles(target.path, { a: { permissions }, b: { permissions } });
  expect(wrong).toEqual([]);
  for (const name of ['a', 'b']) {
    expect(listXattrs(target.join(name))).not.toContain('system.posix_acl_access');
    expect(statSync(target.join(name)).mode & 0o777).toBe(permissions);
  }
});

test('of two new files in one folder each has its own attributes', async () => {
  await using target = await tempFolder();
  const extendedAttributes = [{ name: 'user.note', value: Buffer.from('mine') }];
  expect(await restoreFiles(target.path, { a: {}, b: { extendedAttributes }, c: {} })).toEqual([]);
  expect(['a', 'b', 'c'].map((name) => listXattrs(target.join(name)))).toEqual([
    [],
    ['user.note'],
    [],
  ]);
});

test.runIf(isRoot)('each file gets its own owner, also where new files have another', async () => {
  await using target = await tempFolder();
  chownSync(target.path, 0, 1234);
  chmodSync(target.path, 0o2755);
  const owners = [
    [0, 0],
    [0, 1234],
    [1000, 1000],
  ] as const;
  const files = owners.map(([uid, gid]) => [`${uid}-${gid}`, { uid, gid, permissions: 0o4711 }]);
  expect(await restoreFiles(target.path, Object.fromEntries(files))).toEqual([]);
  for (const [uid, gid] of owners) {
    const { mode, ...owner } = statSync(target.join(`${uid}-${gid}`));
    expect(owner).toMatchObject({ uid, gid });
    expect(mode & 0o7777).toBe(0o4711);
  }
});
