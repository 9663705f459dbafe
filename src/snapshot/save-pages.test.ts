import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { concatBytes } from '../base/bytes.ts';
import { createLab, type Lab } from '../../test/support/repository-lab.ts';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import type { Repository } from '../repository/repository.ts';
import { newArchiveCounts } from './archive-counts.ts';
import { fileWorkerModule } from './file-worker.ts';
import { savePages, type SavedPages, type SavePagesOptions } from './save-pages.ts';

/** More than the worker needs to be started for. */
const ROWS = 6000;

let made: Buffer | undefined;

/** The same one each time; the caller may change its bytes. */
function makeImage(dir: TempFolder): Buffer {
  if (made === undefined) made = createImage(dir);
  else writeFileSync(dir.join('image'), made);
  return Buffer.from(made);
}

function createImage(dir: TempFolder): Buffer {
  const database = new DatabaseSync(dir.join('image'));
  database.exec(`PRAGMA synchronous = OFF;
    CREATE TABLE t(a INTEGER PRIMARY KEY, b);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO t SELECT i, hex(randomblob(400)) FROM n`);
  database.close();
  return readFileSync(dir.join('image'));
}

async function open(lab: Lab): Promise<Repository> {
  const repository = await lab.open();
  await repository.loadIndex();
  return repository;
}

/** In one run of its own, durable when it resolves. */
async function save(
  lab: Lab,
  options: Pick<SavePagesOptions, 'imagePath' | 'sizeBytes' | 'pieceBytes'> &
    Partial<SavePagesOptions>,
): Promise<SavedPages & { newPieces: number; addedBytes: number; toldBytes: number }> {
  const store = await open(lab);
  const saver = store.startWriting({ workerModule: fileWorkerModule });
  const counts = newArchiveCounts();
  let toldBytes = 0;
  const onBytes = (bytes: number) => (toldBytes += bytes);
  const rest = { previous: [], pageCount: undefined, store, counts, onBytes };
  const saved = await savePages({ ...rest, ...options });
  await saver.flush();
  return { ...saved, newPieces: counts.dataBlobs, addedBytes: counts.dataAdded, toldBytes };
}

async function storedBytes(lab: Lab, { content }: SavedPages): Promise<Buffer> {
  const repository = await open(lab);
  const pieces: Uint8Array[] = [];
  for (const id of content) pieces.push(await repository.loadBlob('data', id));
  return Buffer.from(concatBytes(pieces));
}

test.each([4096, 16_384, 65_536, 1 << 20])(
  'an image is stored in pieces of %i bytes, the last one what is left',
  async (pieceBytes) => {
    await using dir = await tempFolder();
    const lab = await createLab();
    const bytes = makeImage(dir);
    const sizeBytes = bytes.length;
    const saved = await save(lab, { imagePath: dir.join('image'), sizeBytes, pieceBytes });
    const ids = [];
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      ids.push(createHash('sha256').update(piece).digest('hex'));
    }
    expect(saved.content).toEqual(ids);
    expect((await storedBytes(lab, saved)).equals(bytes)).toBe(true);
    expect(saved.toldBytes).toBe(sizeBytes);
    expect(saved.newPieces).toBe(new Set(ids).size);
    expect(saved.addedBytes).toBeLessThanOrEqual(sizeBytes);
  },
);

test('of an image that the parent has but for one page only that piece is stored', async () => {
  await using dir = await tempFolder();
  const lab = await createLab();
  const bytes = makeImage(dir);
  const how = { imagePath: dir.join('image'), sizeBytes: bytes.length, pieceBytes: 8192 };
  const { content: previous } = await save(lab, how);
  bytes.writeUInt32BE(0x01020304, 8192 * 7 + 4000);
  writeFileSync(how.imagePath, bytes);
  const again = await save(lab, { ...how, previous });
  expect(again.newPieces).toBe(1);
  expect(again.content.filter((id, at) => id !== previous[at])).toHaveLength(1);
  expect((await storedBytes(lab, again)).equals(bytes)).toBe(true);
});

test('what the parent names and the repository has lost is stored anew', async () => {
  await using dir = await tempFolder();
  const bytes = makeImage(dir);
  const how = { imagePath: dir.join('image'), sizeBytes: bytes.length, pieceBytes: 16_384 };
  const { content: previous } = await save(await createLab(), how);
  const other = await createLab();
  const saved = await save(other, { ...how, previous });
  expect(saved.newPieces).toBe(previous.length);
  expect((await storedBytes(other, saved)).equals(bytes)).toBe(true);
});

test('a list of the parent that belongs to another image is of no use and no harm', async () => {
  await using dir = await tempFolder();
  const lab = await createLab();
  const bytes = makeImage(dir);
  const how = { imagePath: dir.join('image'), sizeBytes: bytes.length, pieceBytes: 4096 };
  const { content } = await save(lab, how);
  const saved = await save(lab, { ...how, previous: [...content].reverse() });
  expect(saved.content).toEqual(content);
  expect(saved.newPieces).toBe(0);
});

test('a new page without the shape of one is told, one that is stored already is not looked at', async () => {
  await using dir = await tempFolder();
  const lab = await createLab();
  const bytes = makeImage(dir);
  const pageCount = bytes.length / 4096;
  const how = { imagePath: dir.join('image'), sizeBytes: bytes.length, pieceBytes: 16_384 };
  expect((await save(lab, { ...how, pageCount })).foundOdd).toBe(false);
  bytes.fill(0xaa, 4096 * 20, 4096 * 21);
  writeFileSync(how.imagePath, bytes);
  const damaged = await save(lab, { ...how, pageCount });
  expect(damaged.foundOdd).toBe(true);
  expect((await save(lab, { ...how, pageCount, previous: damaged.content })).foundOdd).toBe(false);
});

test('a run that is called off ends with its reason', async () => {
  await using dir = await tempFolder();
  const bytes = makeImage(dir);
  const how = { imagePath: dir.join('image'), sizeBytes: bytes.length, pieceBytes: 4096 };
  const abort = new AbortController();
  const reason = new Error('enough');
  const onBytes = () => abort.abort(reason);
  await expect(save(await createLab(), { ...how, signal: abort.signal, onBytes })).rejects.toBe(
    reason,
  );
});

test('a database of more pieces than a call may have arguments is stored by what changed', async () => {
  await using dir = await tempFolder();
  const lab = await createLab();
  const [pieceBytes, pieceCount] = [4096, 200_000];
  const image = new Uint8Array(pieceBytes).fill(7);
  writeFileSync(dir.join('image'), image);
  const previous = Array.from({ length: pieceCount }, () => '0'.repeat(64));
  const sizeBytes = pieceBytes * pieceCount;
  const how = { imagePath: dir.join('image'), sizeBytes, pieceBytes, previous };
  const { content } = await save(lab, { ...how, only: new Set([0]) });
  expect(content).toHaveLength(pieceCount);
  expect(content[0]).toBe(createHash('sha256').update(image).digest('hex'));
  expect(content.slice(1).every((id) => id === previous[0])).toBe(true);
});
