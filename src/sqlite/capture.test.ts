import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { openLab, type CaptureLab } from '../../test/support/capture-lab.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { openGate } from './gate.ts';
import { damagePage, FORTY_ROWS } from '../../test/support/capture-lab.ts';
import { makeDatabase } from '../../test/support/sqlite-session.ts';

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

test.each(
  [512, 1024, 4096, 65_536].flatMap((pageSize) =>
    ['WAL', 'DELETE'].map((mode) => [pageSize, mode] as const),
  ),
)('pages of %i bytes in %s mode are captured whole', async (pageSize, mode) => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    `PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = FULL; PRAGMA encoding = 'UTF-16le';
     PRAGMA journal_mode = ${mode}; PRAGMA user_version = 12; PRAGMA application_id = 34;
     CREATE TABLE t(a INTEGER PRIMARY KEY, b) WITHOUT ROWID; ${FORTY_ROWS}`,
  );
  await using captured = await lab.capture();
  expect(captured.facts).toMatchObject({
    pageSize,
    pageCount: captured.facts.sizeBytes / pageSize,
    journalMode: mode.toLowerCase(),
    encoding: 'UTF-16le',
    autoVacuum: 'full',
    userVersion: 12,
    applicationId: 34,
    sqliteVersion: process.versions.sqlite,
    tables: [{ name: 't', kind: 'table', rowCount: 40 }],
    integrity: { result: 'ok', check: 'quick_check', problems: [], uncheckedTables: [] },
    foreignKeyViolations: 0,
    foreignKeysUnchecked: [],
  });
  expect(captured.facts.sizeBytes).toBe(readFileSync(captured.imagePath).length);
});

test('disposing a capture removes its image', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'CREATE TABLE t(a)');
  const captured = await lab.capture();
  expect(lab.leftovers()).toHaveLength(1);
  await captured[Symbol.asyncDispose]();
  expect(lab.leftovers()).toEqual([]);
});

test('one gate serves several captures, also after its process was killed', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'CREATE TABLE t(a)');
  for (const configured of [true, false]) {
    await using captured = await lab.capture({ gate, configured });
    expect(captured.attempts).toBe(1);
  }
  const first = gate.processId ?? 0;
  await gate.kill(new Error('for the test'));
  expect(() => process.kill(first, 0)).toThrow();
  await using captured = await lab.capture({ gate });
  expect(captured.method).toBe('raw');
});

test('a name that is not UTF-8 and a link to the database are no obstacle', async () => {
  await using lab = await openLab(gate);
  const bytes = Buffer.concat([
    Buffer.from(`${lab.source}/ü?#%`),
    Buffer.of(0xff),
    Buffer.from('.db'),
  ]);
  makeDatabase(bytes, 'PRAGMA journal_mode = WAL; CREATE TABLE t(a)');
  const path = decodeRawName(bytes);
  await using captured = await lab.capture({ path });
  expect(captured.facts.tables).toHaveLength(1);
  symlinkSync(fsPath(path), lab.outside('link.db'));
  await using linked = await lab.capture({ path: lab.outside('link.db') });
  expect(linked.facts).toEqual(captured.facts);
});

const refusals: [code: string, details: object, make: (lab: CaptureLab) => void][] = [
  ['DATABASE_MISSING', {}, () => {}],
  ['DATABASE_MISSING', {}, (lab) => symlinkSync('/nonexistent/x', lab.path())],
  ['DATABASE_EMPTY', {}, (lab) => writeFileSync(lab.path(), '')],
  [
    'DATABASE_NOT_SQLITE',
    { maybeEncrypted: false },
    (lab) => writeFileSync(lab.path(), 'SQLite format 3, or so it says. '.repeat(300)),
  ],
  [
    'DATABASE_NOT_SQLITE',
    { maybeEncrypted: true },
    (lab) => writeFileSync(lab.path(), randomBytes(8192)),
  ],
  ['DATABASE_NOT_SQLITE', { maybeEncrypted: false }, (lab) => writeFileSync(lab.path(), 'x')],
  ['DATABASE_UNREADABLE', { reason: 'it is not a regular file' }, (lab) => mkdirSync(lab.path())],
  ['DATABASE_NO_TABLES', {}, (lab) => makeDatabase(lab.path(), 'PRAGMA user_version = 1')],
  [
    'DATABASE_DAMAGED',
    { reason: 'database disk image is malformed' },
    (lab) => {
      makeDatabase(lab.path(), 'CREATE TABLE t(a)');
      damagePage(lab.path(), 1, 100);
    },
  ],
  [
    'SCRATCH_FULL',
    {},
    (lab) => {
      makeDatabase(lab.path(), 'CREATE TABLE t(a)');
      truncateSync(lab.path(), 2 ** 42);
    },
  ],
];

test.each(refusals)(
  '%s is told with its path, and nothing is left: %o',
  async (code, details, make) => {
    await using lab = await openLab(gate);
    make(lab);
    await expect(lab.capture()).rejects.toMatchObject({
      code,
      details: { path: lab.path(), ...details },
    });
    expect(lab.leftovers()).toEqual([]);
  },
);

test('a database without tables that nobody configured is captured', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'PRAGMA user_version = 1');
  await using captured = await lab.capture({ configured: false });
  expect(captured.facts.tables).toEqual([]);
});

test('a database on a network file system is refused', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'CREATE TABLE t(a)');
  for (const [type, fileSystem] of [
    [0x6969, 'NFS'],
    [0xff534d42 | 0, 'CIFS'],
  ] as const) {
    const refused = lab.capture({ fileSystemTypeOf: () => Promise.resolve(type) });
    await expect(refused).rejects.toMatchObject({
      code: 'DATABASE_NETWORK_FILESYSTEM',
      details: { fileSystem },
    });
  }
});

test('an SQLite with the WAL-reset bug is warned of in WAL mode only', async () => {
  await using lab = await openLab(gate);
  for (const [mode, codes] of [
    ['WAL', ['wal-reset-bug']],
    ['DELETE', []],
  ] as const) {
    makeDatabase(lab.path(`${mode}.db`), `PRAGMA journal_mode = ${mode}; CREATE TABLE t(a)`);
    const bytes = readFileSync(lab.path(`${mode}.db`));
    bytes.writeUInt32BE(3_051_002, 96);
    writeFileSync(lab.path(`${mode}.db`), bytes);
    await using captured = await lab.capture({ path: lab.path(`${mode}.db`) });
    expect(captured.warnings.map(({ code }) => code)).toEqual(codes);
    expect(captured.facts.sqliteVersion).toBe('3.51.2');
  }
});
