import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { buildWal, frameAt, sealFrom, type WalPlan } from '../../test/support/wal-builder.ts';
import { addToChecksum, decodeWalHeader, WAL_HEADER_BYTES } from './wal-format.ts';
import { decodeWalIndex, WAL_INDEX_BYTES } from './wal-index.ts';
import { scanWal, type WalEnd, type WalScan } from './wal-scan.ts';

const PAGE_SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

async function scan(bytes: Uint8Array, from?: WalEnd): Promise<WalScan | undefined> {
  await using folder = await tempFolder();
  writeFileSync(folder.join('wal'), bytes);
  await using file = await open(folder.join('wal'));
  const header = decodeWalHeader(bytes.subarray(0, WAL_HEADER_BYTES));
  return header && (await scanWal(file, header, { from }));
}

/** Three commits: pages 1 and 2, pages 2 and 3, page 1; then two frames of none. */
const PLAN: WalPlan = {
  pageSize: 1024,
  bigEndian: false,
  frames: [
    { page: 1 },
    { page: 2, commit: 2 },
    { page: 2 },
    { page: 3, commit: 3 },
    { page: 1, commit: 3 },
    { page: 3 },
    { page: 2 },
  ],
};
const ALL = { frames: 5, pageCount: 3, pages: { 1: 4, 2: 2, 3: 3 } };
const TWO_COMMITS = { frames: 4, pageCount: 3, pages: { 1: 0, 2: 2, 3: 3 } };
const ONE_COMMIT = { frames: 2, pageCount: 2, pages: { 1: 0, 2: 1 } };
const NONE = { frames: 0, pageCount: 0, pages: {} };

function summary(found: WalScan | undefined): object | undefined {
  if (found === undefined) return undefined;
  const { end, pageCount, frameOfPage } = found;
  return { frames: end.frames, pageCount, pages: Object.fromEntries(frameOfPage) };
}

test.each(PAGE_SIZES.flatMap((pageSize) => [false, true].map((big) => [pageSize, big] as const)))(
  'the newest committed frame of each page is found: pages of %i bytes, big-endian sums %s',
  async (pageSize, bigEndian) => {
    expect(summary(await scan(buildWal({ ...PLAN, pageSize, bigEndian })))).toEqual(ALL);
  },
);

type Defect = [what: string, found: object | undefined, damage: (wal: Buffer) => Buffer | void];

const DEFECTS: Defect[] = [
  ['no defect', ALL, () => {}],
  ['a header of 31 bytes', undefined, (wal) => wal.subarray(0, 31)],
  ['a header whose checksum is wrong', undefined, (wal) => void wal.writeUInt8(1, 24)],
  ['another magic number', undefined, (wal) => void wal.writeUInt32BE(0x377f0684, 0)],
  ['a header and no frame', NONE, (wal) => wal.subarray(0, 32)],
  ['a frame cut off in its header', TWO_COMMITS, (wal) => wal.subarray(0, frameAt(PLAN, 4) + 20)],
  ['a frame cut off in its page', TWO_COMMITS, (wal) => wal.subarray(0, frameAt(PLAN, 5) - 1)],
  ['no commit at all', NONE, (wal) => wal.subarray(0, frameAt(PLAN, 1))],
  [
    'a flipped bit in the page of the fourth frame',
    ONE_COMMIT,
    (wal) => void wal.writeUInt8(1, frameAt(PLAN, 3) + 500),
  ],
  [
    'a flipped bit in the page of the first frame',
    NONE,
    (wal) => void wal.writeUInt8(1, frameAt(PLAN, 0) + 500),
  ],
  [
    'another page number in the third frame',
    ONE_COMMIT,
    (wal) => void wal.writeUInt32BE(9, frameAt(PLAN, 2)),
  ],
  [
    'another first salt, all checksums sound',
    ONE_COMMIT,
    (wal) => void wal.writeUInt32BE(7, frameAt(PLAN, 2) + 8),
  ],
  [
    'another second salt, all checksums sound',
    TWO_COMMITS,
    (wal) => void wal.writeUInt32BE(7, frameAt(PLAN, 4) + 12),
  ],
  [
    'page number 0, all checksums sound',
    ONE_COMMIT,
    (wal) => {
      wal.writeUInt32BE(0, frameAt(PLAN, 3));
      sealFrom(wal, PLAN, 3);
    },
  ],
  [
    'a fourth frame that stands in the place of the third',
    ONE_COMMIT,
    (wal) => void wal.copy(wal, frameAt(PLAN, 2), frameAt(PLAN, 3), frameAt(PLAN, 4)),
  ],
];

test.each(DEFECTS)(
  'a log with %s is read up to the last sound commit',
  async (_, found, damage) => {
    const wal = buildWal(PLAN);
    expect(summary(await scan(damage(wal) ?? wal))).toEqual(found);
  },
);

test('a scan that goes on from a commit finds what a whole one finds after it', async () => {
  const wal = buildWal(PLAN);
  const first = await scan(wal.subarray(0, frameAt(PLAN, 2)));
  const rest = await scan(wal, first?.end);
  expect(rest?.end).toEqual((await scan(wal))?.end);
  expect(summary(rest)).toEqual({ ...ALL, pages: { 1: 4, 2: 2, 3: 3 } });
});

test('a log that SQLite wrote is read to the same end that SQLite tells of', async () => {
  for (const pageSize of PAGE_SIZES) {
    await using folder = await tempFolder();
    const database = new DatabaseSync(folder.join('a.db'));
    database.exec(
      `PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
       CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(200000)); PRAGMA wal_checkpoint(RESTART);
       INSERT INTO t VALUES (randomblob(90000)); UPDATE t SET a = randomblob(1000)`,
    );
    // Copies, because closing a descriptor of the originals would drop SQLite's locks here.
    copyFileSync(folder.join('a.db-wal'), folder.join('log'));
    copyFileSync(folder.join('a.db-shm'), folder.join('index'));
    database.close();
    const index = decodeWalIndex(readFileSync(folder.join('index')).subarray(0, WAL_INDEX_BYTES));
    const found = await scan(readFileSync(folder.join('log')));
    expect(index?.committedFrames).toBeGreaterThan(2);
    expect(found?.end).toEqual({ frames: index?.committedFrames, checksum: index?.lastChecksum });
    expect(found?.pageCount).toBe(index?.pageCount);
  }
});

test('an index of the log that is half written is none', () => {
  expect(decodeWalIndex(new Uint8Array(WAL_INDEX_BYTES))).toBeUndefined();
  expect(decodeWalIndex(new Uint8Array(20))).toBeUndefined();
});

test('the checksum is the same whatever pieces the bytes come in', () => {
  const start = { first: 0, second: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 })),
      fc.boolean(),
      (words, big) => {
        const whole = addToChecksum(start, Buffer.concat(words), big);
        const pieces = words.reduce((sum, word) => addToChecksum(sum, word, big), start);
        expect(pieces).toEqual(whole);
      },
    ),
  );
});
