import { expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { decodeRawName } from '../base/raw-name.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot-file.ts';

const TREE = '2da81727b6585232894cfbb8f8bdab8d1eccd3d8f7c92bc934d62e62e618ffdf';
const PARENT = '251c2e5841355f743f9d4ffd3260bee765acee40a6229857e32b60446991b837';
const TIME = '2015-01-02T18:10:50.895208559+01:00';

const rewrite = (text: string) => utf8Decode(encodeSnapshot(decodeSnapshot(utf8Encode(text))));

// restic doc/design.rst § Snapshots @ a80be14, as `json.Marshal` writes it.
const DESIGN_TEXT =
  `{"time":"${TIME}","tree":"${TREE}","paths":["/tmp/testdata"],"hostname":"kasimir",` +
  `"username":"fd0","uid":1000,"gid":100,"tags":["NL","DE"],"original":"${PARENT}"}`;

// Fields and order of restic 0.17 and later: internal/data/snapshot.go @ a80be14.
const FULL_TEXT =
  `{"time":"2026-11-23T08:15:30Z","parent":"${PARENT}","tree":"${TREE}",` +
  String.raw`"paths":["/srv/a \u0026 b","/srv/\u003cx\u003e","/srv/\ufffd"],` +
  '"hostname":"nas","username":"root","excludes":["*.tmp"],"program_version":"restic 0.19.1",' +
  '"summary":{"backup_start":"2026-11-23T08:15:30.1Z","backup_end":"2026-11-23T08:15:31.2Z",' +
  '"files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"dirs_changed":5,' +
  '"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,"data_added":9007199254740991,' +
  '"data_added_packed":10,"total_files_processed":11,"total_bytes_processed":12}}';

test('restic’s snapshots read and write again byte for byte', () => {
  expect(rewrite(DESIGN_TEXT)).toBe(DESIGN_TEXT);
  // Go decodes the escape of a byte that was no UTF-8 to U+FFFD, and writes that as it is.
  expect(rewrite(FULL_TEXT)).toBe(FULL_TEXT.replace(String.raw`\ufffd`, '\ufffd'));
});

test('every field has its place', () => {
  expect(decodeSnapshot(utf8Encode(FULL_TEXT))).toEqual({
    time: '2026-11-23T08:15:30Z',
    parent: PARENT,
    tree: TREE,
    paths: ['/srv/a & b', '/srv/<x>', '/srv/\ufffd'],
    hostname: 'nas',
    username: 'root',
    excludes: ['*.tmp'],
    programVersion: 'restic 0.19.1',
    summary: {
      backupStart: '2026-11-23T08:15:30.1Z',
      backupEnd: '2026-11-23T08:15:31.2Z',
      filesNew: 1,
      filesChanged: 2,
      filesUnmodified: 3,
      dirsNew: 4,
      dirsChanged: 5,
      dirsUnmodified: 6,
      dataBlobs: 7,
      treeBlobs: 8,
      dataAdded: 9007199254740991,
      dataAddedPacked: 10,
      totalFilesProcessed: 11,
      totalBytesProcessed: 12,
    },
  } satisfies Snapshot);
});

test('fields of later versions are kept as the text they were', () => {
  const later = String.raw`,"later":{"n":18446744073709551615,"t":"<\u003c]}"},"x":1.50}`;
  const summaryLater = '"total_bytes_processed":12,"hidden":1e3}';
  const text = FULL_TEXT.replace(String.raw`\ufffd`, 'x')
    .replace('"total_bytes_processed":12}', summaryLater)
    .replace(/\}$/, later);
  expect(rewrite(text)).toBe(text);
});

test('empty fields are left out, as Go does', () => {
  const empty: Snapshot = {
    time: TIME,
    tree: TREE,
    paths: [],
    hostname: '',
    uid: 0,
    excludes: [],
    tags: [],
  };
  expect(utf8Decode(encodeSnapshot(empty))).toBe(`{"time":"${TIME}","tree":"${TREE}","paths":[]}`);
});

test('a path that is not UTF-8 is written as restic writes it', () => {
  const path = decodeRawName(Uint8Array.of(0x2f, 0xff));
  expect(utf8Decode(encodeSnapshot({ time: TIME, tree: TREE, paths: [path] }))).toContain(
    String.raw`"paths":["/\ufffd"]`,
  );
});

test('any snapshot comes back as it was', () => {
  const text = fc
    .array(fc.constantFrom(...'a é < > & " \\ \n \0 \u2028 🎁 \ufffd 日'.split(' ')), {
      minLength: 1,
      maxLength: 12,
    })
    .map((parts) => parts.join(''));
  const texts = fc.array(text, { minLength: 1, maxLength: 3 });
  const uint32 = fc.integer({ min: 1, max: 0xffff_ffff });
  const snapshot = fc.record(
    {
      time: fc.constant(TIME),
      tree: fc.constant(TREE),
      paths: fc.array(text, { maxLength: 3 }),
      parent: fc.constant(PARENT),
      hostname: text,
      username: text,
      uid: uint32,
      gid: uint32,
      excludes: texts,
      tags: texts,
      original: fc.constant(PARENT),
      programVersion: text,
    },
    { requiredKeys: ['time', 'tree', 'paths'] },
  );
  fc.assert(
    fc.property(snapshot, (value) => {
      const snapshot = value as Snapshot;
      expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
    }),
  );
});

test.each([
  ['time', DESIGN_TEXT.replace('2015-', '')],
  ['tree', DESIGN_TEXT.replace(`"${TREE}"`, 'null')],
  ['tree', DESIGN_TEXT.replace('"tree"', '"trees"')],
  ['paths', DESIGN_TEXT.replace('["/tmp/testdata"]', '"/tmp/testdata"')],
  ['paths[0]', DESIGN_TEXT.replace('"/tmp/testdata"', '1')],
  ['uid', DESIGN_TEXT.replace('1000', '1e-3')],
  ['uid', DESIGN_TEXT.replace('1000', '-1')],
  ['tags[1]', DESIGN_TEXT.replace('"DE"', 'null')],
  ['original', DESIGN_TEXT.replace(PARENT, 'x')],
  ['summary.files_new', FULL_TEXT.replace('"files_new":1', '"files_new":"1"')],
  ['summary.backup_end', FULL_TEXT.replace('31.2Z', '31.2')],
  ['', '{}x'],
  ['', DESIGN_TEXT.slice(0, -1)],
])('a wrong value at "%s" is refused', (where, text) => {
  expect(() => decodeSnapshot(utf8Encode(text))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining('the snapshot file is malformed'),
      details: expect.objectContaining({ where }),
    }),
  );
});
