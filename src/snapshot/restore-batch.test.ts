import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { createLab } from '../../test/support/repository-lab.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fileNode, folderNode, treeOf, type NodeFields } from '../../test/support/tree-builder.ts';
import type { FileHandle } from '../backend/backend.ts';
import { fsPath } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { timeToNs } from '../format/go-time.ts';
import { restoreSnapshot } from './restore.ts';

/** A folder `d` of these files, in a real repository; `restore` gives what was said of it. */
async function stored(store: MemoryBlobStore, files: readonly Node[]) {
  const lab = await createLab();
  const repository = await lab.open();
  const saver = repository.startWriting();
  const treeId = treeOf(store, [folderNode(store, 'd', files)]);
  for (const [key, bytes] of store.blobs) {
    const [type, id = ''] = key.split('/');
    await saver.save(type === 'tree' ? 'tree' : 'data', id, bytes);
  }
  await saver.flush();
  const restore = async (target: string) => {
    const events = await Array.fromAsync(restoreSnapshot({ reader: repository, treeId, target }));
    const errors = events.flatMap((event) => (event.kind === 'error' ? [event.path] : []));
    const totals = events.flatMap((event) => (event.kind === 'summary' ? [event.totals] : []))[0];
    return { errors, totals };
  };
  return { ...lab, repository, restore };
}

const isRoot = process.geteuid?.() === 0;

test('files made by the thread that opened their blobs have content, owner, mode and times of the snapshot', async () => {
  await using scratch = await tempFolder();
  const store = new MemoryBlobStore();
  const kinds: NodeFields[] = [
    { permissions: 0o644 },
    { permissions: 0o600 },
    { permissions: 0o666 },
    { permissions: 0o444 },
    { permissions: 0 },
    { permissions: 0o4755 },
    { permissions: 0o2755, ...(isRoot ? { uid: 1234, gid: 2345 } : {}) },
    { permissions: 0o640, ...(isRoot ? { uid: 1234 } : {}) },
    { mtime: '1965-01-02T03:04:05.000000007Z', atime: '2040-05-06T07:08:09.987654321+02:00' },
  ];
  const files = Array.from({ length: 1500 }, (_, n) => {
    const name = n % 3 === 0 ? `\uDCFFodd ${n}\n` : `upload-${n}`;
    const chunks = [randomBytes(1 + ((n * 37) % 9000)), Buffer.alloc(n % 5 === 0 ? 9000 : 0)];
    const held = chunks.filter(({ length }) => length > 0);
    const kind = { permissions: 0o644, ...kinds[n % kinds.length] };
    return { node: fileNode(store, name, held, kind), bytes: held, ...kind };
  });
  const { restore } = await stored(
    store,
    files.map(({ node }) => node),
  );
  const { errors, totals } = await restore(scratch.path);
  expect(errors).toEqual([]);
  expect(totals).toMatchObject({ filesRestored: 1500, warnings: 0 });
  for (const { node, bytes, permissions } of files) {
    const at = fsPath(`${scratch.path}/d/${node.name}`);
    const { mode, uid, gid, mtimeNs, atimeNs } = statSync(at, { bigint: true });
    expect({ mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid) }).toEqual({
      mode: permissions,
      uid: node.uid,
      gid: node.gid,
    });
    expect([mtimeNs, atimeNs]).toEqual([timeToNs(node.mtime), timeToNs(node.atime)]);
    if (isRoot || node.mode !== 0) {
      expect(Buffer.compare(readFileSync(at), Buffer.concat(bytes))).toBe(0);
    }
  }
  expect(readdirSync(scratch.join('d'))).toHaveLength(1500);
});

test('of files whose blobs lie together only those with a damaged one are missing', async () => {
  await using scratch = await tempFolder();
  const store = new MemoryBlobStore();
  const shared = randomBytes(500);
  const files = Array.from({ length: 60 }, (_, n) =>
    fileNode(store, `upload-${n}`, n % 20 === 0 ? [`own ${n}`, shared] : [randomBytes(400)]),
  );
  const { repository, backend, restore } = await stored(store, files);
  const place = repository.index.find('data', files[0]?.content?.[1] ?? '');
  if (place === undefined) throw new Error('not stored');
  const handle: FileHandle = { kind: 'pack', name: place.packId };
  const bytes = Uint8Array.from(await backend.load(handle));
  bytes[place.offset + 20] = (bytes[place.offset + 20] ?? 0) ^ 1;
  backend.tamper(handle, bytes);
  const { errors, totals } = await restore(scratch.path);
  expect(errors.toSorted()).toEqual(['/d/upload-0', '/d/upload-20', '/d/upload-40']);
  expect(totals).toMatchObject({ filesRestored: 57 });
  expect(readdirSync(scratch.join('d'))).toHaveLength(57);
});

test('a folder that stands in the place of one of many files is told, and they come', async () => {
  await using scratch = await tempFolder();
  const store = new MemoryBlobStore();
  const files = Array.from({ length: 20 }, (_, n) => fileNode(store, `f${n}`, [randomBytes(50)]));
  const { restore } = await stored(store, files);
  mkdirSync(scratch.join('d', 'f7'), { recursive: true });
  writeFileSync(scratch.join('d', 'f7', 'mine'), '');
  const { errors, totals } = await restore(scratch.path);
  expect(errors).toEqual(['/d/f7']);
  expect(totals).toMatchObject({ filesRestored: 19 });
});

test.runIf(isRoot)('what a default ACL gives new files is taken away again', async () => {
  await using scratch = await tempFolder();
  try {
    execFileSync('setfacl', ['-d', '-m', 'u:1234:rw', scratch.path], { stdio: 'ignore' });
  } catch {
    return; // no setfacl or no ACLs here
  }
  const store = new MemoryBlobStore();
  const files = Array.from({ length: 20 }, (_, n) => fileNode(store, `f${n}`, [randomBytes(50)]));
  const { restore } = await stored(store, files);
  expect((await restore(scratch.path)).errors).toEqual([]);
  const acl = execFileSync('getfacl', ['-pn', scratch.join('d', 'f3')], { encoding: 'utf8' });
  expect(acl).not.toContain('user:1234');
});

test('a blob whose length the index has wrong shifts nothing behind it', async () => {
  await using scratch = await tempFolder();
  const store = new (class extends MemoryBlobStore {
    override blobSizeBytes(...blob: Parameters<MemoryBlobStore['blobSizeBytes']>) {
      return (super.blobSizeBytes(...blob) ?? 0) + 1;
    }
  })();
  const treeId = treeOf(store, [fileNode(store, 'two', ['first', 'second'])]);
  const { path: target } = scratch;
  await Array.fromAsync(restoreSnapshot({ reader: store, treeId, target }));
  expect(readFileSync(scratch.join('two'), 'utf8')).toBe('firstsecond');
});
