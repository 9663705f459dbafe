import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import type { EntryStats } from './entry-stats.ts';
import { FolderLooker, lookAtFolder, MANY_FILES, type FolderLook } from './folder-look.ts';
import { LookAhead } from './look-ahead.ts';

async function folderOf(count: number): Promise<TempFolder> {
  const dir = await tempFolder();
  for (let at = 0; at < count; at += 1) writeFileSync(dir.join(`${at}`), 'x'.repeat(at % 7));
  return dir;
}

const PLAIN = {
  dev: 1n,
  ino: 2n,
  mode: 0o100644n,
  nlink: 1n,
  uid: 3n,
  gid: 4n,
  rdev: 0n,
  size: 5n,
  mtimeNs: 6n,
  ctimeNs: 7n,
};

function statsOf(changed: Partial<typeof PLAIN> = {}): EntryStats {
  return { ...PLAIN, ...changed, isFile: () => true } as unknown as EntryStats;
}

/** Of many files, all alike but for the one before the last. */
function lookOf(odd: { name?: string; stats?: EntryStats | undefined }, setup?: string) {
  const looker = new FolderLooker(setup);
  for (let at = 0; at <= MANY_FILES; at += 1) {
    const isOdd = at === MANY_FILES - 1;
    const stats = isOdd && 'stats' in odd ? odd.stats : statsOf();
    looker.add(isOdd ? (odd.name ?? `${at}`) : `${at}`, stats);
  }
  return looker.finish();
}

test('it tells of all files, and is the same as long as they are', async () => {
  await using dir = await folderOf(MANY_FILES);
  const look = await lookAtFolder(dir.path, 'as configured');
  const sizeBytes = Array.from({ length: MANY_FILES }, (_, at) => at % 7).reduce((a, b) => a + b);
  const newest = Math.max(
    ...Array.from({ length: MANY_FILES }, (_, at) => lstatSync(dir.join(`${at}`)).ctimeMs),
  );
  expect(look).toMatchObject({ fileCount: MANY_FILES, sizeBytes });
  expect(Number(look?.changedNs) / 1e6).toBeCloseTo(newest, 2);
  expect(await lookAtFolder(dir.path, 'as configured')).toEqual(look);
  const ahead = new LookAhead();
  await ahead.run({ paths: [dir.path], setup: 'as configured' });
  expect(ahead.folder(dir.path)).toEqual(look);
  ahead.forget();
  expect(ahead.folder(dir.path)).toBeUndefined();
});

test('whatever changes of a single file changes it', () => {
  const looks: (FolderLook | undefined)[] = [lookOf({}), lookOf({}, 'another setup')];
  for (const field of Object.keys(PLAIN) as (keyof typeof PLAIN)[]) {
    if (field !== 'nlink') looks.push(lookOf({ stats: statsOf({ [field]: PLAIN[field] + 1n }) }));
  }
  looks.push(lookOf({ name: 'another' }), lookOf({ name: '\uDC80' }), lookOf({ name: '\uDC81' }));
  const digests = looks.map((look) => look?.digest);
  expect(digests).not.toContain(undefined);
  expect(new Set(digests).size).toBe(looks.length);
});

test('with anything else than a file of one name among them there is none', async () => {
  expect(lookOf({ stats: undefined })).toBeUndefined();
  expect(lookOf({ stats: statsOf({ nlink: 2n }) })).toBeUndefined();
  const others: ((dir: TempFolder) => void)[] = [
    (dir) => mkdirSync(dir.join('folder')),
    (dir) => symlinkSync('1', dir.join('link')),
    (dir) => linkSync(dir.join('1'), dir.join('second')),
  ];
  for (const add of others) {
    await using dir = await folderOf(MANY_FILES);
    add(dir);
    expect(await lookAtFolder(dir.path, '')).toBeUndefined();
    const ahead = new LookAhead();
    await ahead.run({ paths: [dir.path] });
    expect(ahead.folder(dir.path)).toBeUndefined();
  }
});

test('there is none of a few files, nor of what cannot be read', async () => {
  await using dir = await folderOf(MANY_FILES - 1);
  expect(await lookAtFolder(dir.path, '')).toBeUndefined();
  expect(await lookAtFolder(dir.join('none'), '')).toBeUndefined();
  expect(await lookAtFolder(dir.join('1'), '')).toBeUndefined();
  writeFileSync(dir.join('one more'), '');
  expect(await lookAtFolder(dir.path, '')).toBeDefined();
  chmodSync(dir.join('1'), 0);
  expect(await lookAtFolder(dir.path, '')).toBeDefined(); // what it holds is not looked at
});
