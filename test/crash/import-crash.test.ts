/** `import`, killed at changes of the store, and with scratch on a disk that fills up. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import { importFiles } from '../../src/operations/import/import-files.ts';
import type { ImportedFile } from '../../src/operations/import/import-input.ts';
import {
  findErrors,
  openBackupLab,
  readSnapshotFiles,
  type BackupLab,
} from '../support/backup-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { DIES_AT_EACH, tellDeaths } from '../support/crash-steps.ts';
import { FaultyBackend } from '../support/faulty-backend.ts';
import { PASSWORD, selfFacts } from '../support/repository-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { labEnvironment, startIn } from '../support/running-keepsake.ts';
import { runProgramOk } from '../support/run-program.ts';
import { smallDisk } from '../support/small-disk.ts';
import { layOutWishlist } from '../support/wishlist-app/lay-out-wishlist.ts';

const MORTAL = fileURLToPath(new URL('../support/mortal-files-main.ts', import.meta.url));

let lab: CompatLab;
let archive: string;

beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(lab.join('scratch'));
  const { root } = layOutWishlist(lab.join('wishlist'), { users: 6, items: 200 });
  archive = lab.join('wishlist-20251101.tar.gz');
  await runProgramOk(['tar', '-czf', archive, '-C', root, '.']);
});
afterAll(() => lab[Symbol.asyncDispose]());

function snapshots(): string[] {
  return readdirSync(`${lab.repository}/snapshots`);
}

/** Where the snapshot is not yet written. */
const MOMENTS = DIES_AT_EACH ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1, 3, 5, 7, 9];

test.each(MOMENTS)(
  'an import killed at its change no. %i of the repository leaves no snapshot',
  async (at) => {
    const env = {
      NODE_OPTIONS: `--import=${MORTAL}`,
      KEEPSAKE_TEST_DIES: `${lab.repository}|${at}|half`,
    };
    const run = startIn(lab, ['import', archive, '--root', '/srv/w'], { env });
    expect(await run.ended(), run.stderr()).toMatchObject({ exitCode: null, endedBy: 'SIGKILL' });
    expect(snapshots()).toEqual([]);
  },
);

test('after that the same import goes through, and the repository is sound', async () => {
  await lab.keepsake(['unlock', '--remove-all']);
  const { stdout } = await lab.keepsake(['import', archive, '--root', '/srv/w'], {
    env: labEnvironment(lab),
  });
  expect(stdout).toContain('imported 1 file');
  expect(snapshots()).toHaveLength(1);
  await lab.keepsake(['check', '--read-data']);
  expect(readdirSync(lab.join('scratch'))).toEqual([]);
});

test.skipIf(!requireRoot())('a full scratch disk is told, and nothing is imported', async () => {
  const scratch = lab.join('small');
  await using _disk = await smallDisk(scratch, '64k');
  const before = snapshots();
  const { stderr } = await lab.keepsake(['import', '--time', '2024-01-01', archive], {
    env: { ...labEnvironment(lab), KEEPSAKE_SCRATCH_DIR: scratch },
    exits: 1,
  });
  expect(stderr).toContain('ENOSPC');
  expect(snapshots()).toEqual(before);
});

async function importInto(lab: BackupLab, backend: Backend, file: string): Promise<ImportedFile[]> {
  const events = importFiles(lab.workbench(backend), {
    repository: { location: 'lab:', password: PASSWORD },
    files: [file],
    root: '/srv/w',
    hostname: 'nas',
    tags: [],
    exclude: [],
    dryRun: false,
    // Several packs even for so little data: more moments to die at.
    packSizeBytes: 16_000,
    lockWaitMs: 0,
  });
  for (;;) {
    const next = await events.next();
    if (next.done === true) return [...next.value.files];
  }
}

/** Ids of the snapshots, each of which is whole; those of the archive hold all of it. */
async function soundSnapshots(
  lab: BackupLab,
  store: Backend,
  members: ReadonlyMap<string, Uint8Array>,
): Promise<string[]> {
  expect(await findErrors(await lab.repositoryLab.open(store))).toEqual([]);
  const repository = await lab.open(store);
  const snapshots = await repository.loadSnapshots({
    onDamage: ({ message }) => expect.fail(message),
  });
  for (const { snapshot } of snapshots) {
    if (!(snapshot.tags ?? []).includes('imported')) continue;
    const files = await readSnapshotFiles(repository, { tree: snapshot.tree, folder: '/srv/w' });
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const contents = new Map([...files].map(([name, { bytes }]) => [name, hex(bytes)]));
    expect(contents).toEqual(new Map([...members].map(([name, bytes]) => [name, hex(bytes)])));
  }
  return snapshots.map(({ id }) => id);
}

test.each([
  ['before', false],
  ['just after', true],
])(
  'an import that dies %s its n-th change of the store, for each n, left all or nothing, and the next one makes one snapshot of it',
  async (_, carriedOut) => {
    const store = createMemBackend();
    await using small = await openBackupLab({ app: { items: 4, users: 2 }, backend: store });
    const old = await small.backup({
      subject: { paths: [small.app.uploads], databases: [], references: [] },
    });
    const folder = small.join('members');
    mkdirSync(folder);
    const members = new Map(
      ['a', 'b', 'c', 'd', 'e'].map((name) => [name, systemRandom(8000)] as const),
    );
    for (const [name, bytes] of members) writeFileSync(join(folder, name), bytes);
    const file = small.join('files-20251101.tar.gz');
    await runProgramOk(['tar', '-czf', file, '-C', folder, '.']);
    const outcomes = new Set<string | undefined>();
    let deaths = 0;
    for (;;) {
      const survivor: MemBackend = store.clone();
      const dying = new FaultyBackend(survivor);
      dying.failAtOperation(deaths + 1, { carriedOut });
      small.self = { ...selfFacts, pid: 100 };
      await importInto(small, dying, file).catch(() => {}); // it died
      const left = await soundSnapshots(small, survivor, members);
      expect(left).toContain(old.snapshotId);
      // Sees that the first one is dead.
      small.self = { ...selfFacts, pid: 101, isAlive: (pid: number) => pid === 101 };
      const [again] = await importInto(small, survivor, file);
      expect(again?.outcome).toBe(left.length === 1 ? 'imported' : 'skipped');
      expect(await soundSnapshots(small, survivor, members)).toHaveLength(2);
      expect(await Array.fromAsync(survivor.list('lock'))).toEqual([]);
      outcomes.add(again?.outcome);
      if (!dying.isDead) break;
      deaths += 1;
    }
    tellDeaths('import', deaths);
    expect(deaths).toBeGreaterThanOrEqual(7); // lock, packs, index, snapshot, lock
    expect([...outcomes]).toEqual(['imported', 'skipped']);
  },
);
