import {
  chmodSync,
  chownSync,
  linkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import type { Node } from '../format/node.ts';
import { setXattr } from '../host/libc.ts';
import type { SourceEntry } from './source.ts';
import { walkPaths } from './walk.ts';

const asRoot = test.skipIf(!requireRoot());
const HOUR_NS = 3_600_000_000_000n;
const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

function refuseToRead(path: string): never {
  throw new Error(`the walk read ${path}`);
}

/** The node the walk tells of `file`, which an earlier one told as `known`. */
async function walkAgain(dir: TempFolder, known?: Node, restedBeforeNs = nowNs() + HOUR_NS) {
  const find = (folder: string, name: string) =>
    folder === dir.path && name === 'file' ? known : undefined;
  const entries: SourceEntry[] = await Array.fromAsync(
    walkPaths({ paths: [dir.path], read: refuseToRead, known: { find, restedBeforeNs } }),
  );
  const found = entries.find(({ path }) => path === dir.join('file'));
  if (found?.kind !== 'leaf') throw new Error('no file');
  return found.node;
}

const sameText = 'text';
const changes: [string, (path: string) => void][] = [
  ['mode', (path) => chmodSync(path, 0o640)],
  ['owner', (path) => chownSync(path, 12, 13)],
  ['times', (path) => utimesSync(path, 1, 1)],
  ['content', (path) => writeFileSync(path, sameText)],
  ['length', (path) => writeFileSync(path, `${sameText}er`)],
  ['number of links', (path) => linkSync(path, `${path}-more`)],
  ['attributes', (path) => setXattr(path, 'user.colour', Buffer.from('red'))],
  [
    'type',
    (path) => {
      rmSync(path);
      symlinkSync('elsewhere', path);
    },
  ],
];

asRoot('an entry as it was is told by the very node that an earlier walk told', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('file'), sameText);
  setXattr(dir.join('file'), 'user.colour', Buffer.from('blue'));
  const known = { ...(await walkAgain(dir)), content: ['id'] };
  expect(await walkAgain(dir, known)).toBe(known);
});

asRoot.each(changes)('another %s makes a new node, with all that is so now', async (_, change) => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, sameText);
  const known = await walkAgain(dir);
  await sleep(20); // longer than the grain of the file system's times
  change(path);
  const again = await walkAgain(dir, known);
  expect(again).not.toBe(known);
  expect(again).toEqual(await walkAgain(dir));
});

test('an entry that had not rested when the earlier walk began is looked at whole', async () => {
  await using dir = await tempFolder();
  const beganNs = nowNs() - HOUR_NS;
  writeFileSync(dir.join('file'), sameText);
  const known = await walkAgain(dir);
  expect(await walkAgain(dir, known, beganNs)).not.toBe(known);
});

test('what only the earlier node says is not told again', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('file'), sameText);
  const plain = await walkAgain(dir);
  const others: Partial<Node>[] = [
    { user: 'somebody-else' },
    { group: 'others' },
    { error: 'bad' },
    { unknownFields: ['"later":1'] },
    { atime: '2020-01-01T00:00:00Z' },
    { deviceId: 1n },
    { genericAttributes: new Map() },
  ];
  for (const other of others) expect(await walkAgain(dir, { ...plain, ...other })).toEqual(plain);
});
