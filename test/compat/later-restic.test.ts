/**
 * What restic 0.15 to 0.19 writes and 0.14 does not. Those cannot be run here, so trees and snapshot
 * are written out by hand as their sources say, and stored in a repository by the engine.
 * Sources: restic internal/data/{node,tree,snapshot}.go @ a80be14 (0.19.1),
 * v0.16.0 internal/restic/node.go (`linktarget_raw`), v0.17.0 internal/restic/node.go
 * (`generic_attributes`) and snapshot.go (`summary`), v0.15.0 snapshot.go (`program_version`).
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeSnapshot, encodeSnapshot } from '../../src/format/snapshot-file.ts';
import { decodeTree, encodeTree } from '../../src/format/tree.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { readXattrs } from '../support/posix.ts';
import { requireTool } from '../support/require-tool.ts';

const CONTENT = Buffer.from('content');
const CONTENT_ID = sha256(CONTENT);
const TIMES =
  '"mtime":"2026-03-04T05:06:07.123456789+01:00","atime":"2026-03-04T05:06:07.123456789+01:00","ctime":"2026-03-04T05:06:08.1+01:00"';
const OWNER = `"uid":${process.getuid?.() ?? 0},"gid":${process.getgid?.() ?? 0}`;
const FILE = `"type":"file","mode":420,${TIMES},${OWNER}`;
const LINK = `"type":"symlink","mode":134218239,${TIMES},${OWNER}`;
const FOLDER = `"type":"dir","mode":2147484141,${TIMES},${OWNER}`;
const LARGEST = '18446744073709551615';
const LINKED = `"inode":${LARGEST},"device_id":18446744073709551614,"size":7,"links":2,"content":["${CONTENT_ID}"]`;
const ONE = `"inode":1,"size":7,"links":1`;

/** Ordered by name. */
const NODES = {
  'bytes in the target': `${LINK},"linktarget":"nowhere-��","linktarget_raw":"bm93aGVyZS3//g==","content":null`,
  empty: `${FILE},"links":1,"content":[]`,
  'from windows': `${FILE},${ONE},"generic_attributes":{"windows.creation_time":"gCtQ9f+x2gE=","windows.file_attributes":32,"windows.security_descriptor":"AQAUvA=="},"content":["${CONTENT_ID}"]`,
  'largest inode 1': `${FILE},${LINKED}`,
  'largest inode 2': `${FILE},${LINKED}`,
  unknown: `${FILE},${ONE},"content":["${CONTENT_ID}"],"later_field":{"a":[1,null,"\\u003c"]}`,
  'xattr null': `${FILE},${ONE},"extended_attributes":[{"name":"user.empty","value":null},{"name":"user.text","value":"dmFsdWU="}],"content":["${CONTENT_ID}"]`,
};
const TREE = treeText(Object.entries(NODES));
/** Left and right of `nodes` a later restic may put fields; tree.go skips them. */
const WITH_FIELDS = `{"before":{"nodes":[1]},"nodes":[{"name":"empty",${NODES.empty}}],"after":null}\n`;
/** An error for `check` of restic, so not in the repository; seen from other writers. */
const WITHOUT_CONTENT = treeText([['null', `${FILE},"links":1,"content":null`]]);
const ROOT = treeText([
  ['later', `${FOLDER},"content":null,"subtree":"${sha256(TREE)}"`],
  ['with fields', `${FOLDER},"content":null,"subtree":"${sha256(WITH_FIELDS)}"`],
]);
const SNAPSHOT = `{"time":"2026-03-04T05:06:07.123456789+01:00","tree":"${sha256(ROOT)}","paths":["/later"],"hostname":"nas","username":"root","tags":["a"],"program_version":"restic 0.19.1","summary":{"backup_start":"2026-03-04T05:06:07.1+01:00","backup_end":"2026-03-04T05:06:08+01:00","files_new":8,"files_changed":0,"files_unmodified":0,"dirs_new":2,"dirs_changed":0,"dirs_unmodified":0,"data_blobs":1,"tree_blobs":3,"data_added":2000,"data_added_packed":1000,"total_files_processed":8,"total_bytes_processed":35,"later_count":7},"later_field":{"b":1}}`;

describe.skipIf(!requireTool('restic'))('a snapshot as later versions of restic write it', () => {
  let lab: CompatLab;

  beforeAll(async () => {
    lab = await openCompatLab();
    const repository = await lab.initQuickly();
    const saver = repository.startWriting();
    await repository.saveBlob('data', CONTENT_ID, CONTENT);
    for (const text of [TREE, WITH_FIELDS, ROOT]) {
      await repository.saveBlob('tree', sha256(text), Buffer.from(text));
    }
    await saver.flush();
    await repository.files.save('snapshot', Buffer.from(SNAPSHOT));
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('is whole for both tools', async () => {
    await lab.checkWithBoth();
  });

  test('is written again byte for byte, what Keepsake does not know included', () => {
    for (const text of [TREE, ROOT, WITHOUT_CONTENT]) {
      expect(Buffer.from(encodeTree(decodeTree(Buffer.from(text)))).toString()).toBe(text);
    }
    const snapshot = encodeSnapshot(decodeSnapshot(Buffer.from(SNAPSHOT)));
    expect(Buffer.from(snapshot).toString()).toBe(SNAPSHOT);
  });

  test('is listed entry by entry, as restic 0.14 lists it', async () => {
    const theirs = await lab.restic(['ls', 'latest']);
    const ours = await lab.keepsake(['ls', 'latest']);
    const paths = Object.keys(NODES).map((name) => `/later/${name}`);
    expect(theirs.stdout.split('\n')).toEqual(expect.arrayContaining(paths));
    expect(ours.stdout.split('\n')).toEqual(expect.arrayContaining(paths));
    expect(ours.stdout).toContain('/with fields/empty');
  });

  test('is restored with the link’s bytes, attributes, times and hard links', async () => {
    await lab.keepsake(['restore', 'latest', '--target', lab.join('restored')]);
    const at = (name: string): string => lab.join('restored/later', name);
    const target = readlinkSync(at('bytes in the target'), { encoding: 'buffer' });
    expect(target.toString('latin1')).toBe('nowhere-\xff\xfe');
    for (const name of ['empty', '../with fields/empty']) {
      expect(readFileSync(at(name))).toHaveLength(0);
    }
    for (const name of ['from windows', 'largest inode 1', 'unknown', 'xattr null']) {
      expect(readFileSync(at(name), 'utf8')).toBe('content');
    }
    expect(lstatSync(at('largest inode 1')).ino).toBe(lstatSync(at('largest inode 2')).ino);
    const { mtimeNs } = lstatSync(at('unknown'), { bigint: true });
    expect(mtimeNs).toBe(BigInt(Date.parse('2026-03-04T04:06:07Z')) * 1_000_000n + 123_456_789n);
    const attributes = readXattrs(at('xattr null'));
    expect(Buffer.from(attributes.get('user.text') ?? []).toString()).toBe('value');
    expect(attributes.get('user.empty')).toHaveLength(0);
  });

  test('is copied by restic 0.14 tree for tree', async () => {
    const copy = { repository: lab.join('copy') };
    await lab.initByRestic(2, copy.repository);
    await lab.restic(['copy', '--from-repo', lab.repository], copy);
    expect((await lab.newest(copy)).tree).toBe(sha256(ROOT));
    await lab.keepsake(['check', '--read-data'], copy);
  });
});

function treeText(nodes: readonly (readonly [name: string, fields: string])[]): string {
  return `{"nodes":[${nodes.map(([name, fields]) => `{"name":"${name}",${fields}}`).join(',')}]}\n`;
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
