import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { compareTrees } from './compare-trees.ts';
import { layOutNastyTree } from './nasty-tree.ts';
import { setTimeNs, trySetXattr } from './posix.ts';
import { requireRoot, requireTool } from './require-tool.ts';
import { runProgramOk } from './run-program.ts';
import { tempFolder } from './temp-folder.ts';

const changes: [string, (file: string, folder: string) => void, RegExp][] = [
  ['a byte more', (file) => appendFileSync(file, 'x'), /^file: size is 8, should be 7$/],
  ['other bytes of the same length', (file) => writeFileSync(file, 'CONTENT'), /^file: content is/],
  ['another mode', (file) => chmodSync(file, 0o4644), /^file: mode is 4644, should be 644$/],
  ['another owner', (file) => chownSync(file, 1, 2), /^file: owner is 1:2, should be 0:0$/],
  ['a nanosecond', (file) => setTimeNs(file, 1_000_000_001n), /^file: mtime is 1000000001, should/],
  ['an attribute more', (file) => void trySetXattr(file, 'user.a', Buffer.of(1)), /user\.a=01/],
  ['a name gone', (file) => rmSync(file), /^file: missing$/],
  [
    'a name more',
    (_, folder) => writeFileSync(`${folder}/n\xffw`, ''),
    /^n\\xc3\\xbfw: should not be/,
  ],
  ['a hard link instead of a copy', (file, folder) => swapForLink(file, `${folder}/twin`), /hard-/],
  ['another type', (file) => swapForFolder(file), /^file: type is folder, should be file$/],
  ['another target', (_, folder) => swapTarget(folder), /^link: target is b, should be a$/],
];

test.skipIf(!requireRoot()).each(changes)('%s is told as a difference', async (_, change, line) => {
  await using dir = await tempFolder();
  const [before, after] = [dir.join('before'), dir.join('after')];
  mkdirSync(before);
  for (const name of ['file', 'twin']) writeFileSync(`${before}/${name}`, 'content');
  symlinkSync('a', `${before}/link`);
  for (const name of ['file', 'twin', 'link', '.']) setTimeNs(`${before}/${name}`, 1_000_000_000n);
  await runProgramOk(['cp', '-a', before, after]);
  expect(await compareTrees(before, after)).toEqual([]);
  change(`${after}/file`, after);
  expect((await compareTrees(before, after)).join('\n')).toMatch(new RegExp(line.source, 'm'));
});

test.skipIf(!requireRoot() || !requireTool('cp'))(
  'a copy by cp -a of the nasty tree shows no difference, and each kind of entry is in it',
  async () => {
    await using dir = await tempFolder();
    const there = layOutNastyTree(dir.join('tree'), { manyCount: 20 });
    expect([...there]).toEqual(
      expect.arrayContaining(['names', 'non-utf8-names', 'fifo', 'socket']),
    );
    await runProgramOk(['cp', '-a', dir.join('tree'), dir.join('copy')]);
    expect(await compareTrees(dir.join('tree'), dir.join('copy'))).toEqual([]);
    expect(statSync(dir.join('tree/sparse/only a hole')).blocks).toBe(0);
  },
);

test('a skipped entry and an ignored fact are not compared', async () => {
  await using dir = await tempFolder();
  for (const side of ['a', 'b']) {
    mkdirSync(dir.join(side));
    writeFileSync(dir.join(side, side), '');
    writeFileSync(dir.join(side, 'same'), '');
  }
  cpSync(dir.join('a', 'same'), dir.join('b', 'same'));
  const options = {
    ignore: ['mtime'] as const,
    skip: (path: string) => path === 'a' || path === 'b',
  };
  expect(await compareTrees(dir.join('a'), dir.join('b'), options)).toEqual([]);
});

function swapForLink(file: string, other: string): void {
  rmSync(file);
  linkSync(other, file);
}

function swapForFolder(file: string): void {
  rmSync(file);
  mkdirSync(file);
}

function swapTarget(folder: string): void {
  rmSync(`${folder}/link`);
  symlinkSync('b', `${folder}/link`);
}
