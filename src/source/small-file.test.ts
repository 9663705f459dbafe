import {
  appendFileSync,
  lstatSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { readAsStamped, STAMP_FIELDS, writeStamp } from './small-file.ts';

function stampOf(path: string): BigInt64Array {
  const stamp = new BigInt64Array(STAMP_FIELDS);
  writeStamp(stamp, 0, lstatSync(path, { bigint: true }));
  return stamp;
}

test('a file that is as the walk saw it is read whole', async () => {
  await using dir = await tempFolder();
  const path = dir.join('a');
  for (const text of ['', 'some text']) {
    writeFileSync(path, text);
    const target = Buffer.alloc(100);
    expect(readAsStamped(path, stampOf(path), target)).toBe(true);
    expect(target.subarray(0, text.length).toString()).toBe(text);
  }
});

const changes: Record<string, (path: string) => void> = {
  grew: (path) => appendFileSync(path, 'more'),
  'was written anew in the same size': (path) => {
    const { atime, mtime } = lstatSync(path);
    writeFileSync(path, 'SOME TEXT');
    utimesSync(path, atime, mtime);
  },
  'was replaced by another file': (path) => {
    const { atime, mtime } = lstatSync(path);
    writeFileSync(`${path}-new`, 'SOME TEXT');
    utimesSync(`${path}-new`, atime, mtime);
    renameSync(`${path}-new`, path);
  },
  'was replaced by a link': (path) => {
    renameSync(path, `${path}-old`);
    symlinkSync(`${path}-old`, path);
  },
  'is gone': (path) => renameSync(path, `${path}-old`),
};

test.each(Object.entries(changes))('a file that %s since then is not taken', async (_, change) => {
  await using dir = await tempFolder();
  const path = dir.join('a');
  writeFileSync(path, 'some text');
  const stamp = stampOf(path);
  change(path);
  expect(readAsStamped(path, stamp, Buffer.alloc(100))).toBe(false);
});

test('a file that claims to be empty and is not is left to the long way', () => {
  const path = '/proc/self/status';
  expect(readAsStamped(path, stampOf(path), Buffer.alloc(100))).toBe(false);
});
