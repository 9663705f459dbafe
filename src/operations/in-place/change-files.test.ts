import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { removeTree } from './change-files.ts';

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

test('a tree goes whole, also folders of it that their owner may not write in', async () => {
  await using dir = await tempFolder();
  const folders = ['', 'tree', 'tree/closed', 'tree/closed/deep'].map((name) => dir.join(name));
  for (const folder of folders.slice(1)) mkdirSync(folder);
  writeFileSync(dir.join('tree', 'closed', 'deep', 'leaf'), 'copy');
  for (const folder of folders) if (isRoot) chownSync(folder, NOBODY, NOBODY);
  for (const folder of folders.slice(2).toReversed()) chmodSync(folder, 0o555);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await removeTree(dir.join('tree'));
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  expect(existsSync(dir.join('tree'))).toBe(false);
});

test('of a link only the link goes, however its path ends', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('app'));
  writeFileSync(dir.join('app', 'upload'), 'the only one');
  for (const end of ['', '/', '//']) {
    symlinkSync('app', dir.join('link'));
    await removeTree(dir.join('link') + end);
    expect(existsSync(dir.join('link'))).toBe(false);
    expect(readFileSync(dir.join('app', 'upload'), 'utf8')).toBe('the only one');
  }
});
