import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { concatBytes, toHex, utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import { decodeTree, encodeTree } from '../../src/format/tree.ts';
import type { Repository } from '../../src/repository/repository.ts';
import type { Manifest } from '../../src/snapshot/manifest.ts';
import {
  damageFile,
  messages,
  openAppLab,
  repositoryFiles,
  type AppLab,
} from '../support/app-lab.ts';
import { testRefusals } from '../support/refusals.ts';

let lab: AppLab;
let snapshot: string;

beforeAll(async () => {
  lab = await openAppLab();
  snapshot = await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

async function saveBlob(
  repository: Repository,
  type: 'data' | 'tree',
  bytes: Uint8Array,
): Promise<string> {
  const id = toHex(createHash('sha256').update(bytes).digest());
  await repository.saveBlob(type, id, bytes);
  return id;
}

/** A snapshot of the same files whose manifest says something else. Gives its id. */
async function withManifest(change: (manifest: Manifest) => Manifest): Promise<string> {
  const repository = await lab.openRepository();
  const saver = repository.startWriting();
  const stored = await repository.loadSnapshot(snapshot);
  const root = decodeTree(await repository.loadBlob('tree', stored.tree));
  const folder = root.find(({ name }) => name === '.keepsake');
  const own = decodeTree(await repository.loadBlob('tree', folder?.subtree ?? ''));
  const file = own.find(({ name }) => name === 'manifest.json');
  const parts = (file?.content ?? []).map((id) => repository.loadBlob('data', id));
  const manifest = JSON.parse(utf8Decode(concatBytes(await Promise.all(parts)))) as Manifest;
  const bytes = utf8Encode(JSON.stringify(change(manifest)));
  const content = [await saveBlob(repository, 'data', bytes)];
  const changed = encodeTree(
    own.map((node) => (node === file ? { ...node, size: bytes.length, content } : node)),
  );
  const subtree = await saveBlob(repository, 'tree', changed);
  const nodes = root.map((node) => (node === folder ? { ...node, subtree } : node));
  const tree = await saveBlob(repository, 'tree', encodeTree(nodes));
  await saver.flush();
  return repository.saveSnapshot({ ...stored, tree, tags: ['changed'] });
}

function failed(lines: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return lines.filter(({ success }) => success === false);
}

test('a good snapshot is verified, each judgement with what was counted, and scratch is left empty', async () => {
  const { stdout } = await lab.keepsake(['verify', 'latest']);
  const lines = stdout.trim().split('\n');
  const checks = ['content', 'counts', 'integrity', 'foreign-keys', 'pages', 'schema', 'rows'];
  for (const check of [...checks, 'references', 'orphans']) {
    expect(lines.find((line) => line.startsWith(`ok      ${check}`))).toMatch(/\d|integrity_check/);
  }
  expect(stdout).toContain('items.imageUrl names');
  expect(lines.at(-1)).toMatch(
    /^verified: snapshot [0-9a-f]{8}, 16 tables, \d+ rows, \d+ files, [\d.]+ s$/,
  );
  expect(readdirSync(lab.scratch)).toEqual([]);
});

test('--json gives a line a judgement and a summary', async () => {
  const result = await lab.keepsake(['--json', 'verify', snapshot.slice(0, 8)]);
  const judgements = messages(result, 'judgement');
  expect(judgements.map(({ success }) => success)).not.toContain(false);
  expect(messages(result, 'summary')).toMatchObject([
    { success: true, snapshot_id: snapshot, tables: 16, checks_failed: 0, has_manifest: true },
  ]);
});

test('rows, schema, pages, files and uploads that are not as at capture are each named: exit 21', async () => {
  const id = await withManifest((manifest) => ({
    ...manifest,
    databases: manifest.databases.map((database) => ({
      ...database,
      pageCount: database.pageCount + 1,
      schemaHash: 'ab'.repeat(32),
      lastMigration: '20990101000000_later',
      tables: database.tables.map((table) =>
        table.name === 'items' ? { ...table, rowCount: 12_345 } : table,
      ),
    })),
    files: manifest.files.map((folder) => ({ ...folder, fileCount: folder.fileCount + 7 })),
    references: manifest.references.map((each) => ({ ...each, namedCount: 4321 })),
    orphans: manifest.orphans.map((each) => ({ ...each, orphanCount: 99 })),
  }));
  const result = await lab.keepsake(['--json', 'verify', id], { exits: 21 });
  const found = failed(messages(result, 'judgement')).map(({ check }) => check);
  expect(new Set(found)).toEqual(
    new Set(['pages', 'schema', 'rows', 'counts', 'references', 'orphans']),
  );
  const { stdout } = await lab.keepsake(['verify', id], { exits: 21 });
  expect(stdout).toMatch(/rows of items: expected 12345, found \d+/);
  expect(stdout).toContain('last migration: expected 20990101000000_later');
  expect(stdout).toContain('NOT verified');
  expect(readdirSync(lab.scratch)).toEqual([]);
});

test('a foreign key that broke since the capture fails; one that was broken then does not', async () => {
  const worse = await withManifest((manifest) => ({
    ...manifest,
    databases: manifest.databases.map((each) => ({ ...each, foreignKeyViolations: -1 })),
  }));
  const result = await lab.keepsake(['--json', 'verify', worse], { exits: 21 });
  expect(failed(messages(result, 'judgement'))).toMatchObject([{ check: 'foreign-keys' }]);
  const better = await withManifest((manifest) => ({
    ...manifest,
    databases: manifest.databases.map((each) => ({ ...each, foreignKeyViolations: 3 })),
  }));
  await lab.keepsake(['verify', better]);
});

test('a file that the repository lost is named with its pack: exit 21, scratch empty', async () => {
  const repository = lab.join('damaged');
  cpSync(lab.repository, repository, { recursive: true });
  const packs = repositoryFiles(repository, 'data');
  const [pack = ''] = packs;
  damageFile(pack, { from: 0.3, to: 0.4 });
  const { stdout } = await lab.keepsake(['verify', snapshot], { repository, exits: 21 });
  expect(stdout).toContain('FAILED  content');
  expect(stdout).toContain(basename(pack));
  expect(stdout).toContain('keepsake check --read-data');
  expect(readdirSync(lab.scratch)).toEqual([]);
});

test('a snapshot of stock restic is verified by hashes and its databases, and says so', async () => {
  const stock = await openAppLab();
  await using _ = stock;
  await stock.restic(['backup', '--tag', 'stock', stock.app.root]);
  const { stdout, stderr } = await stock.keepsake(['verify', 'latest']);
  expect(stderr).toContain('no manifest');
  expect(stdout).toContain(`ok      integrity     ${stock.app.database}`);
  expect(stdout).toContain('verified: snapshot');
  // As `cp` leaves it when a page is overwritten: the hash is right, the database is not.
  damageFile(stock.app.database, { from: 0.3, to: 0.6 });
  await stock.restic(['backup', '--tag', 'stock', stock.app.root]);
  const broken = await stock.keepsake(['verify', 'latest'], { exits: 21 });
  expect(broken.stdout).toContain('ok      content');
  expect(broken.stdout).toContain(`FAILED  integrity     ${stock.app.database}`);
});

test('a database that another tool copied with its -wal is judged together with it', async () => {
  const folder = lab.join('live');
  mkdirSync(folder);
  const live = new DatabaseSync(join(folder, 'live.db'));
  live.exec('PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)');
  await lab.restic(['backup', '--tag', 'live', folder]);
  live.close();
  const { stdout } = await lab.keepsake(['verify', 'latest', '--tag', 'live']);
  expect(stdout).toContain('1 table, 3 rows, 3 files');
});

test('--keep leaves the restored files in an empty folder, and refuses another', async () => {
  const folder = lab.join('kept');
  const { stdout } = await lab.keepsake(['verify', snapshot, '--keep', folder]);
  expect(stdout).toContain(folder);
  expect(existsSync(join(folder, lab.app.database))).toBe(true);
  const { stderr } = await lab.keepsake(['verify', snapshot, '--keep', folder], { exits: 2 });
  expect(stderr).toContain('not an empty folder');
});

test('a scratch folder that cannot be used is said before anything is restored', async () => {
  const file = lab.join('a-file');
  writeFileSync(file, '');
  const env = { KEEPSAKE_SCRATCH_DIR: join(file, 'below') };
  const { stderr } = await lab.keepsake(['verify', snapshot], { env, exits: 1 });
  expect(stderr).toContain('KEEPSAKE_SCRATCH_DIR');
  const part = await lab.keepsake(['verify', `${snapshot}:${lab.app.uploads}`], { exits: 2 });
  expect(part.stderr).toContain('only a whole snapshot');
});

testRefusals(
  () => lab,
  (wanted) => ['verify', wanted],
);
