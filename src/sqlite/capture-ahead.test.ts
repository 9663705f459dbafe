import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import { systemClock } from '../base/clock.ts';
import { CaptureAhead } from './capture-ahead.ts';
import { captureDatabase } from './capture.ts';
import { createScratchImage, ScratchImage } from './scratch-image.ts';
import { surveySource } from './source-survey.ts';

const TICK_MS = 60;

/** A database as its app leaves it, at rest for longer than the kernel's tick. */
async function openLab() {
  const dir = await tempFolder();
  mkdirSync(dir.join('scratch'));
  commit(dir, 'first');
  await systemClock.sleep(TICK_MS);
  const ahead = new CaptureAhead({ scratchFolder: dir.join('scratch'), clock: systemClock });
  onTestFinished(() => ahead[Symbol.asyncDispose]());
  return Object.assign(dir, { ahead, database: dir.join('a.db') });
}

function commit(dir: TempFolder, note: string): void {
  const db = new DatabaseSync(dir.join('a.db'));
  db.exec(`PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS notes (note TEXT);`);
  db.prepare('INSERT INTO notes VALUES (?)').run(note);
  db.close();
}

/** Whether what was copied ahead may be used. */
async function isUsed(
  dir: TempFolder & { ahead: CaptureAhead; database: string },
  path = dir.database,
) {
  const image = await createScratchImage(dir.join('scratch'));
  onTestFinished(() => image[Symbol.asyncDispose]());
  const moved = await dir.ahead.moveInto(image, path, await surveySource(path));
  const names = readdirSync(join(image.path, '..'));
  expect(names).toEqual(moved ? ['image.db'] : []);
  if (moved) {
    expect(readFileSync(image.path).equals(readFileSync(dir.database))).toBe(true);
    expect(statSync(image.path).mode & 0o777).toBe(0o600);
  }
  return moved;
}

/** As soon as the copying ended, well or not. */
async function untilCopied(dir: TempFolder & { ahead: CaptureAhead; database: string }) {
  dir.ahead.copy(dir.database);
  await dir.ahead.settled();
  await systemClock.sleep(TICK_MS);
}

test('a database at rest is copied ahead, and the copy is used once', async () => {
  await using lab = await openLab();
  await untilCopied(lab);
  expect(await isUsed(lab)).toBe(true);
  expect(await isUsed(lab)).toBe(false);
});

test('a database that its owner may only read is copied into a file that SQLite can use', async () => {
  await using lab = await openLab();
  chmodSync(lab.database, 0o444);
  await systemClock.sleep(TICK_MS);
  await untilCopied(lab);
  expect(await isUsed(lab)).toBe(true);
});

test('a capture takes the copy, and has what a capture without it has', async () => {
  await using lab = await openLab();
  const options = {
    path: lab.database,
    scratchFolder: lab.join('scratch'),
    clock: systemClock,
    configured: true,
  };
  await untilCopied(lab);
  const moved = vi.spyOn(lab.ahead, 'moveInto');
  await using withCopy = await captureDatabase({ ...options, ahead: lab.ahead });
  expect(await moved.mock.results[0]?.value).toBe(true);
  await using without = await captureDatabase(options);
  expect(withCopy.facts).toEqual(without.facts);
  expect(withCopy.state).toEqual(without.state);
  expect(withCopy.method).toBe('raw-stopped');
  expect(readFileSync(withCopy.imagePath).equals(readFileSync(without.imagePath))).toBe(true);
});

const changes: [what: string, change: (lab: TempFolder & { database: string }) => void][] = [
  ['a commit', (lab) => commit(lab, 'second')],
  [
    'a write whose mtime was set back',
    ({ database }) => {
      const { atime, mtime } = statSync(database);
      const bytes = readFileSync(database);
      writeFileSync(database, bytes.fill(7, 200, 210), { flag: 'r+' });
      utimesSync(database, atime, mtime);
    },
  ],
  ['a WAL that came to be', (lab) => writeFileSync(`${lab.database}-wal`, 'wal')],
  ['a journal that came to be', (lab) => writeFileSync(`${lab.database}-journal`, 'journal')],
];

test.each(changes)('%s since it was copied makes the copy worthless', async (_, change) => {
  await using lab = await openLab();
  await untilCopied(lab);
  change(lab);
  expect(await isUsed(lab)).toBe(false);
});

test('what was committed since the copy is in the capture', async () => {
  await using lab = await openLab();
  await untilCopied(lab);
  commit(lab, 'second');
  await using captured = await captureDatabase({
    path: lab.database,
    scratchFolder: lab.join('scratch'),
    clock: systemClock,
    configured: true,
    ahead: lab.ahead,
  });
  expect(captured.facts.tables).toEqual([expect.objectContaining({ name: 'notes', rowCount: 2 })]);
  expect(readdirSync(lab.join('scratch'))).toHaveLength(1);
});

test('one that was written a moment ago is not copied: its times may not tell of the next write', async () => {
  await using lab = await openLab();
  commit(lab, 'second');
  lab.ahead.copy(lab.database);
  expect(await isUsed(lab)).toBe(false);
});

test('one that an app has open is not copied', async () => {
  await using lab = await openLab();
  using app = new DatabaseSync(lab.database);
  app.exec("INSERT INTO notes VALUES ('from the app')");
  await systemClock.sleep(TICK_MS);
  await untilCopied(lab);
  expect(await isUsed(lab)).toBe(false);
});

test('where there is too little room nothing is copied, and nothing left', async () => {
  await using lab = await openLab();
  const spy = vi.spyOn(ScratchImage.prototype, 'assertSpace').mockRejectedValue(new Error('full'));
  onTestFinished(() => spy.mockRestore());
  await untilCopied(lab);
  expect(readdirSync(lab.join('scratch'))).toEqual([]);
  expect(await isUsed(lab)).toBe(false);
});

test('the capture of another database leaves the copy for the one it was made of', async () => {
  await using lab = await openLab();
  await untilCopied(lab);
  copyFileSync(lab.database, lab.join('other.db'));
  expect(await isUsed(lab, lab.join('other.db'))).toBe(false);
  expect(await isUsed(lab)).toBe(true);
});

test('a copy that nobody wants is removed at the end', async () => {
  await using lab = await openLab();
  await untilCopied(lab);
  expect(readdirSync(lab.join('scratch'))).toHaveLength(1);
  await lab.ahead[Symbol.asyncDispose]();
  expect(readdirSync(lab.join('scratch'))).toEqual([]);
});
