import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { fsPath } from '../../src/base/raw-name.ts';
import type { Node } from '../../src/format/node.ts';
import type { Snapshot } from '../../src/format/snapshot-file.ts';
import { decodeTree, encodeTree } from '../../src/format/tree.ts';
import { messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import { testRefusals } from '../support/refusals.ts';

interface ResticNode {
  readonly path: string;
  readonly struct_type: string;
}

let lab: AppLab;
let root: string;

beforeAll(async () => {
  lab = await openAppLab();
  ({ root } = lab.app);
  writeFileSync(fsPath(join(root, 'uploads', 'evil\u001b[2J\n\udcff.txt')), 'x');
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

async function listed(...args: string[]): Promise<string[]> {
  const { stdout } = await lab.keepsake(['-q', 'ls', ...args]);
  return stdout.split('\n').filter((line) => line !== '');
}

test('everything in the snapshot is listed, in the words and fields of restic’s --json', async () => {
  const listing = await lab.keepsake(['--json', 'ls', 'latest']);
  const ours = messages(listing, 'node');
  const id = messages(listing, 'snapshot')[0]?.['id'];
  const theirs = await lab.resticJson<ResticNode[]>(['ls', String(id)]);
  const nodes = theirs.filter(({ struct_type }) => struct_type === 'node');
  expect(ours).toHaveLength(nodes.length);
  for (const [at, node] of nodes.entries()) {
    expect(ours[at]).toMatchObject(node);
  }
  const evil = ours.filter((node) => 'path_bytes' in node);
  expect(evil.map(({ path_bytes: bytes }) => Buffer.from(String(bytes), 'base64'))).toEqual([
    Buffer.from(fsPath(join(root, 'uploads', 'evil\u001b[2J\n\udcff.txt'))),
  ]);
  expect(await listed('latest')).toHaveLength(nodes.length);
});

test('a name that would clear the screen or end the line is shown escaped, on its one line', async () => {
  const lines = await listed('latest', join(root, 'uploads'));
  const evil = lines.filter((line) => line.includes('evil'));
  expect(evil).toEqual([join(root, 'uploads', 'evil\\x1b[2J\\x0a\\xff.txt')]);
});

test('a folder after a colon is listed from there on', async () => {
  const files = await listed(`latest:${root}`);
  expect(files).toContain('/data/prod.db');
  expect(files).toContain('/.env');
  expect(files.filter((path) => path.startsWith('/uploads/'))).toHaveLength(
    readdirSync(lab.app.uploads).length,
  );
});

test('a path after the snapshot gives what is directly in it, with --recursive all below', async () => {
  const direct = await listed('latest', root);
  expect(direct).toEqual([root, ...['.env', 'data', 'uploads'].map((name) => join(root, name))]);
  const all = await listed('latest', root, '--recursive');
  expect(all).toContain(lab.app.database);
});

test('-l shows mode, owner, size and time', async () => {
  const lines = await listed('latest', '-l', join(root, '.env'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^-rw-r--r-- +\d+ +\d+ +43 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \//);
  expect((await listed('latest', '-l', join(root, 'data')))[0]).toMatch(/^drwxr-xr-x /);
});

test('a path that is not in the snapshot is exit 1 and named; a relative one is exit 2', async () => {
  const absent = await lab.keepsake(['ls', 'latest', '/no/such'], { exits: 1 });
  expect(absent.stderr).toContain('"/no/such"');
  expect(absent.stdout).toBe('');
  const relative = await lab.keepsake(['ls', 'latest', 'uploads'], { exits: 2 });
  expect(relative.stderr).toContain('must begin with "/"');
});

/** The same snapshot with one more folder, whose content is in no pack. */
async function withLostFolder(): Promise<string> {
  const repository = await lab.openRepository();
  const saver = repository.startWriting();
  const [stored] = await repository.loadSnapshots();
  const nodes = decodeTree(await repository.loadBlob('tree', stored?.snapshot.tree ?? ''));
  const folder = nodes.find(({ type }) => type === 'dir') as Node;
  const bytes = encodeTree([{ ...folder, name: '!lost', subtree: 'ab'.repeat(32) }, ...nodes]);
  const tree = toHex(createHash('sha256').update(bytes).digest());
  await repository.saveBlob('tree', tree, bytes);
  await saver.flush();
  const tags = ['partial'];
  return repository.saveSnapshot({ ...stored?.snapshot, tree, tags } as Snapshot);
}

test('a folder that the repository lost is named with exit 20, and the rest is listed', async () => {
  const { stdout, stderr } = await lab.keepsake(['ls', await withLostFolder()], { exits: 20 });
  expect(stderr).toContain('"/!lost" cannot be read');
  expect(stderr).toContain('keepsake check --read-data');
  expect(stdout).toContain(lab.app.database);
});

testRefusals(
  () => lab,
  (snapshot) => ['ls', snapshot],
);
