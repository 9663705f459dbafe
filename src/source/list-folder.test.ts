import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { listFolder } from './list-folder.ts';

const SIZES = { small: 4096n, large: 1n << 30n };

function expected(path: string): string[] {
  const names = readdirSync(fsPath(path), { encoding: 'buffer' });
  return names.toSorted((a, b) => Buffer.compare(a, b)).map((name) => decodeRawName(name));
}

test.each(['small', 'large'] as const)('names of a %s folder are what they are', async (size) => {
  await using dir = await tempFolder();
  const folder = dir.join('sub\uDCFE');
  mkdirSync(fsPath(folder));
  for (const name of ['\uDCFF', 'ä', '\uFFFD', '\u{1F381}', '\uFFEE', 'a\nb', 'é\uDC80']) {
    writeFileSync(fsPath(`${folder}/${name}`), '');
  }
  for (let at = 0; at < 1100; at += 1) writeFileSync(fsPath(`${folder}/name ${at}`), '');
  const names = [...listFolder(folder, SIZES[size])];
  expect(names).toEqual(expected(folder));
  expect(names).toHaveLength(1107);
});

test('more names than fit into one part come in order, each once', async () => {
  await using dir = await tempFolder();
  const all = Array.from({ length: 4500 }, (_, at) => `${(at * 7919) % 4500}`);
  execFileSync('touch', all, { cwd: dir.path });
  const names = [...listFolder(dir.path, SIZES.large)];
  expect(names).toEqual(expected(dir.path));
  expect(names).toHaveLength(4500);
});

test('what is no folder, or not there, is an error whatever its size', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('file'), '');
  for (const size of Object.values(SIZES)) {
    expect(() => listFolder(dir.join('file'), size)).toThrow('ENOTDIR');
    expect(() => listFolder(dir.join('none'), size)).toThrow('ENOENT');
  }
});
