import {
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { setTimeNs } from '../../test/support/posix.ts';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import { systemClock } from '../base/clock.ts';
import { copyQuietDatabase } from './quiet-copy.ts';
import { surveySource } from './source-survey.ts';

const LARGE_BYTES = 32 * 1024 * 1024;

/** Nothing here reads further than the header; the file is sparse. */
async function openLargeSource(): Promise<TempFolder> {
  const dir = await tempFolder();
  const header = Buffer.alloc(4096);
  header.write('SQLite format 3\0');
  header.writeUInt16BE(4096, 16);
  writeFileSync(dir.join('a.db'), header);
  truncateSync(dir.join('a.db'), LARGE_BYTES);
  for (const name of ['wal', 'journal']) writeFileSync(dir.join(`a.db-${name}`), name.padEnd(300));
  await systemClock.sleep(60); // the kernel's tick
  return dir;
}

async function copyWhile(dir: TempFolder, change: () => void | Promise<void>): Promise<boolean> {
  const survey = await surveySource(dir.join('a.db'));
  const copied = copyQuietDatabase(survey, dir.join('image'), { clock: systemClock });
  while (!existsSync(dir.join('image'))) await systemClock.sleep(1);
  await change();
  return await copied;
}

test('a database at rest is copied with its WAL', async () => {
  await using dir = await openLargeSource();
  expect(await copyWhile(dir, () => {})).toBe(true);
  expect(readFileSync(dir.join('image')).equals(readFileSync(dir.join('a.db')))).toBe(true);
  expect(readFileSync(dir.join('image-wal'), 'utf8')).toBe('wal'.padEnd(300));
});

const changes: [name: string, change: (dir: TempFolder) => void | Promise<void>][] = [
  ['a byte written in place', (dir) => writeInPlace(dir.join('a.db'))],
  ['a byte written into the WAL in place', (dir) => writeInPlace(dir.join('a.db-wal'))],
  ['a WAL that goes away', (dir) => rm(dir.join('a.db-wal'))],
  ['a journal that goes away', (dir) => rm(dir.join('a.db-journal'))],
  ['a byte written into the journal in place', (dir) => writeInPlace(dir.join('a.db-journal'))],
  ['a write whose mtime was set back', (dir) => writeAndSetBack(dir.join('a.db'))],
];

test.each(changes)('%s during the copy makes it worthless', async (_, change) => {
  await using dir = await openLargeSource();
  expect(await copyWhile(dir, () => change(dir))).toBe(false);
});

test('a write just before is waited out, so that the next one cannot hide in the same tick', async () => {
  await using dir = await openLargeSource();
  await writeInPlace(dir.join('a.db'));
  const survey = await surveySource(dir.join('a.db'));
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    async sleep(durationMs: number) {
      slept.push(durationMs);
      await systemClock.sleep(durationMs);
      await writeInPlace(dir.join('a.db'));
    },
  };
  expect(await copyQuietDatabase(survey, dir.join('image'), { clock })).toBe(false);
  expect(slept).toEqual([50]);
  expect(existsSync(dir.join('image'))).toBe(false);
});

test('on a file system that keeps whole seconds the wait is longer than its step', async () => {
  await using dir = await openLargeSource();
  const survey = await surveySource(dir.join('a.db'));
  const main = { ...survey.main, coarseTimes: true };
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (durationMs: number) => Promise.resolve(void slept.push(durationMs)),
  };
  expect(await copyQuietDatabase({ ...survey, main }, dir.join('image'), { clock })).toBe(true);
  expect(slept).toEqual([2100]);
});

test('a journal that only changes its owner or rights is copied, and not waited for', async () => {
  await using dir = await openLargeSource();
  const journal = dir.join('a.db-journal');
  chmodSync(journal, 0o600);
  const slept: number[] = [];
  const clock = { ...systemClock, sleep: (ms: number) => Promise.resolve(void slept.push(ms)) };
  const survey = await surveySource(dir.join('a.db'));
  const copied = copyQuietDatabase(survey, dir.join('image'), { clock });
  while (!existsSync(dir.join('image'))) await systemClock.sleep(1);
  chmodSync(journal, 0o644);
  expect(await copied).toBe(true);
  expect(slept).toEqual([]);
  expect(readFileSync(dir.join('image-journal'), 'utf8')).toBe('journal'.padEnd(300));
});

test('another content of the journal with the very same mtime during the copy makes it worthless', async () => {
  await using dir = await openLargeSource();
  const [journal, copy] = [dir.join('a.db-journal'), dir.join('image-journal')];
  const { mtimeNs } = statSync(journal, { bigint: true });
  // Asked between the reads: when the copy holds all of the journal, it is written.
  const signal = {
    throwIfAborted() {
      if (!existsSync(copy) || statSync(copy).size === 0) return;
      writeFileSync(journal, 'other'.padEnd(300));
      setTimeNs(journal, mtimeNs);
    },
  } as AbortSignal;
  const survey = await surveySource(dir.join('a.db'));
  const options = { clock: systemClock, signal };
  expect(await copyQuietDatabase(survey, dir.join('image'), options)).toBe(false);
  expect(statSync(journal, { bigint: true }).mtimeNs).toBe(mtimeNs);
});

test('a journal that appears during the copy makes it worthless', async () => {
  await using dir = await openLargeSource();
  await rm(dir.join('a.db-journal'));
  const appear = (): void => writeFileSync(dir.join('a.db-journal'), '');
  expect(await copyWhile(dir, appear)).toBe(false);
});

async function writeInPlace(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write('x', 200);
}

async function writeAndSetBack(path: string): Promise<void> {
  await writeInPlace(path);
  utimesSync(path, 1_000_000_000, 1_000_000_000);
}
