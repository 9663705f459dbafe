/** After damage and repair, our check and the real restic's agree that all is well. */
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import { checkRepository } from '../../src/repository/check.ts';
import { executeIndexRepair, planIndexRepair } from '../../src/repository/repair-index.ts';
import { executeSnapshotRepair, planSnapshotRepair } from '../../src/snapshot/repair-snapshots.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import {
  CHEAP_SCRYPT,
  createLabIn,
  PASSWORD,
  storeSnapshot,
  type Lab,
} from '../support/repository-lab.ts';
import { requireTool } from '../support/require-tool.ts';
import { restic } from '../support/restic.ts';
import { tempFolder, type TempFolder } from '../support/temp-folder.ts';
import { fileNode, folderNode, treeOf } from '../support/tree-builder.ts';
import type { Backend } from '../../src/backend/backend.ts';

let dir: TempFolder;
let lab: Lab<Backend>;
let dataPack: string;
let indexFile: string;

beforeAll(async () => {
  dir = await tempFolder();
  const backend = openLocalBackend({ path: dir.join('sound'), random: systemRandom });
  lab = await createLabIn<Backend>({ backend, scrypt: CHEAP_SCRYPT });
  const store = new MemoryBlobStore();
  const files = Array.from({ length: 9 }, (_, n) =>
    fileNode(store, `f${n}`, [systemRandom(2000), systemRandom(2000)]),
  );
  const tree = treeOf(store, [folderNode(store, 'app', files)]);
  const repository = await lab.open();
  await storeSnapshot(repository, { store, tree }, { packSizeBytes: 6000 });
  // The last file's: the first file stays whole whatever happens to it.
  const lastBlob = files.at(-1)?.content?.at(-1) ?? '';
  const { packId } = repository.index.find('data', lastBlob) ?? {};
  dataPack = `data/${packId?.replace(/^../, '$&/$&')}`;
  const [listed] = await Array.fromAsync(backend.list('index'));
  indexFile = `index/${listed?.name}`;
});
afterAll(() => dir[Symbol.asyncDispose]());

type Damage = (path: (file: string) => string) => void;

function change(path: string, edit: (bytes: Buffer) => Uint8Array): void {
  chmodSync(path, 0o600);
  writeFileSync(path, edit(readFileSync(path)));
}

const cases: readonly [string, { damage: Damage; losesData: boolean }][] = [
  ['the index is missing', { damage: (at) => rmSync(at(indexFile)), losesData: false }],
  [
    'the index is cut short',
    {
      damage: (at) => change(at(indexFile), (bytes) => bytes.subarray(0, 100)),
      losesData: false,
    },
  ],
  ['a pack is missing', { damage: (at) => rmSync(at(dataPack)), losesData: true }],
  [
    'a pack is cut short',
    {
      damage: (at) => change(at(dataPack), (bytes) => bytes.subarray(0, 3000)),
      losesData: true,
    },
  ],
  [
    'a byte in a pack is turned',
    {
      damage: (at) => change(at(dataPack), (bytes) => bytes.fill((bytes[99] ?? 0) ^ 1, 99, 100)),
      losesData: true,
    },
  ],
  [
    'a pack is damaged and the index gone',
    {
      damage: (at) => {
        rmSync(at(indexFile));
        change(at(dataPack), (bytes) => bytes.fill(0, 50, 60));
      },
      losesData: true,
    },
  ],
];

test.skipIf(!requireTool('restic')).each(cases)(
  'when %s, both checks fail before the repair and pass after it',
  async (name, { damage, losesData }) => {
    const path = dir.join(name);
    cpSync(dir.join('sound'), path, { recursive: true });
    damage((file) => join(path, file));
    const backend = openLocalBackend({ path, random: systemRandom });
    const open = () => lab.open(backend);
    expect(await errorCount(open)).toBeGreaterThan(0);
    // Where the structure tells already, restic would try for a minute to read what is missing.
    expect(await resticCheck(path, name.includes('turned') ? ['--read-data'] : [])).not.toBe(0);

    const repository = await open();
    const plan = await planIndexRepair(repository, { readData: true });
    await executeIndexRepair(repository, plan);
    const mended = await open();
    await mended.loadIndex();
    const losses = await planSnapshotRepair(mended, { forget: true });
    expect(losses.repairs).toHaveLength(losesData ? 1 : 0);
    await Array.fromAsync(executeSnapshotRepair(mended, losses));

    expect(await errorCount(open)).toBe(0);
    expect(await resticCheck(path)).toBe(0);
    const target = join(path, 'restored');
    await restic(path, PASSWORD, [
      'restore',
      '--tag',
      losesData ? 'repaired' : '',
      '--target',
      target,
      'latest',
    ]);
    expect(readFileSync(join(target, 'app/f0'))).toHaveLength(4000);
    await restic(path, PASSWORD, ['prune']);
    expect(await errorCount(open)).toBe(0);
  },
);

async function errorCount(open: Lab['open']): Promise<number> {
  for await (const event of checkRepository(await open(), { readData: { kind: 'all' } })) {
    if (event.type === 'summary') return event.summary.errorCount;
  }
  return -1;
}

async function resticCheck(path: string, flags = ['--read-data']): Promise<number | null> {
  const args = ['check', ...flags];
  const { exitCode, stdout } = await restic(path, PASSWORD, args, { anyExit: true });
  if (exitCode === 0) expect(stdout).toContain('no errors were found');
  return exitCode;
}
