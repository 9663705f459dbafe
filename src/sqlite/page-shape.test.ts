import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { hasOddPage, shapeOf, type DatabaseShape } from './page-shape.ts';

const SCRIPT = `
  CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE INDEX t_b ON t(b);
  CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO t SELECT i, hex(randomblob(i % 40)), zeroblob(i % 7 * (i % 11) * 200) FROM n;
  INSERT INTO w SELECT hex(randomblob(12)), b FROM t;
  DELETE FROM t WHERE a % 3 = 0; DELETE FROM t WHERE a BETWEEN 700 AND 1300;
  UPDATE w SET v = hex(randomblob(30)) WHERE k > '8';
`;

interface Made {
  readonly bytes: Buffer;
  readonly shape: DatabaseShape;
}

async function makeImage(pragmas: string, script = SCRIPT): Promise<Made> {
  await using dir = await tempFolder();
  const database = new DatabaseSync(dir.join('image'));
  database.exec(`${pragmas}; PRAGMA synchronous = OFF; BEGIN`);
  database.exec(script);
  database.exec('COMMIT');
  const { page_count: pageCount } = database.prepare('PRAGMA page_count').get() ?? {};
  database.close();
  const bytes = readFileSync(dir.join('image'));
  return { bytes, shape: shapeOf(bytes.subarray(0, 100), Number(pageCount)) };
}

function oddPages({ bytes, shape }: Made): number[] {
  const { pageSize, pageCount } = shape;
  const pages = Array.from({ length: pageCount }, (_, index) => index);
  return pages
    .filter((page) => {
      const at = page * pageSize;
      return hasOddPage(bytes.subarray(at, at + pageSize), at, shape);
    })
    .map((index) => index + 1);
}

test.each(
  [512, 1024, 4096, 65_536].flatMap((size) =>
    ['NONE', 'FULL', 'INCREMENTAL'].map((mode) => [size, mode] as const),
  ),
)('every page of a sound database has its shape: %i bytes, auto_vacuum %s', async (size, mode) => {
  const made = await makeImage(`PRAGMA page_size = ${size}; PRAGMA auto_vacuum = ${mode}`);
  expect(made.shape.pageCount).toBeGreaterThan(20);
  expect(oddPages(made)).toEqual([]);
});

test('a piece is odd if one of its pages is', async () => {
  const { bytes, shape } = await makeImage('');
  expect(hasOddPage(bytes, 0, shape)).toBe(false);
  bytes.fill(0xaa, 4096 * 9, 4096 * 10);
  expect(hasOddPage(bytes, 0, shape)).toBe(true);
});

test('a page of noise and a torn one are odd', async () => {
  const made = await makeImage('');
  const { bytes, shape } = made;
  const isBtree = (page: number) => [2, 5, 10, 13].includes(bytes.readUInt8(page * 4096));
  const pages = Array.from({ length: shape.pageCount }, (_, page) => page);
  const btrees = pages.filter((page) => page > 0 && isBtree(page));
  expect(btrees.length).toBeGreaterThan(20);
  for (const page of btrees) {
    const at = page * 4096;
    const torn = Buffer.concat([Buffer.alloc(2048, 0xff), bytes.subarray(at + 2048, at + 4096)]);
    const noise = Buffer.alloc(4096, 0xa5);
    for (const [what, bad] of Object.entries({ torn, noise })) {
      expect({ page, what, odd: hasOddPage(bad, at, shape) }).toEqual({ page, what, odd: true });
    }
  }
});

test('cells and children that lie nowhere are odd', async () => {
  const { bytes, shape } = await makeImage('');
  const pageOf = (type: number) => {
    const page = Array.from({ length: shape.pageCount }, (_, index) => index).find(
      (index) => index > 0 && bytes.readUInt8(index * 4096) === type,
    );
    expect(page).toBeDefined();
    return (page ?? 0) * 4096;
  };
  const isOddWith = (type: number, change: (page: Buffer) => void): boolean => {
    const at = pageOf(type);
    const page = Buffer.from(bytes.subarray(at, at + 4096));
    change(page);
    return hasOddPage(page, at, shape);
  };
  expect(isOddWith(13, () => {})).toBe(false);
  expect(isOddWith(13, (page) => page.writeUInt16BE(4095, 8))).toBe(true);
  expect(isOddWith(13, (page) => page.writeUInt16BE(60_000, 3))).toBe(true);
  expect(isOddWith(10, (page) => page.writeUInt16BE(8, 5))).toBe(true);
  expect(isOddWith(13, (page) => page.writeUInt16BE(4094, 1))).toBe(true);
  for (const type of [2, 5]) {
    expect(isOddWith(type, () => {})).toBe(false);
    expect(isOddWith(type, (page) => page.writeUInt32BE(shape.pageCount + 1, 8))).toBe(true);
    expect(isOddWith(type, (page) => page.writeUInt32BE(0, page.readUInt16BE(12)))).toBe(true);
  }
});
