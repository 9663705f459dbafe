/** Copies of index files in the cache: they save time, and nothing else may depend on them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMemBackend } from '../backend/mem-backend.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { createLabIn, selfFacts } from '../../test/support/repository-lab.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { openWithKey } from './open-repository.ts';
import type { Repository } from './repository.ts';

const BLOBS = 1200;

async function openLab() {
  const dir = await tempFolder();
  const backend = createMemBackend();
  const lab = await createLabIn({ backend });
  const cacheFolder = dir.join('cache');
  const surroundings = { clock: systemClock, random: systemRandom, self: selfFacts };
  const open = (key = lab.key) => openWithKey({ backend, cacheFolder, ...surroundings }, key);
  const copies = (): string[] =>
    readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /derived\/..\/[0-9a-f]{64}$/.test(path))
      .map((path) => join(cacheFolder, path));
  const forgetTidying = (): void => {
    const names = readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((each) => each.endsWith('index-tidied'))) {
      rmSync(join(cacheFolder, name));
    }
  };
  return Object.assign(dir, { backend, lab, open, copies, forgetTidying });
}

type OpenLab = Awaited<ReturnType<typeof openLab>>;

async function store(repository: Repository, from: number, count: number): Promise<void> {
  const saver = repository.startWriting();
  for (let n = from; n < from + count; n += 1) {
    const plaintext = Buffer.from(`blob ${n}`);
    await saver.save('data', createHash('sha256').update(plaintext).digest('hex'), plaintext);
  }
  await saver.flush();
}

async function indexOf({ open }: OpenLab) {
  const repository = await open();
  await repository.loadIndex();
  return [...repository.index.entries()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

test('a large index file is kept as it is written, and read from there', async () => {
  await using lab = await openLab();
  await store(await lab.open(), 0, BLOBS);
  expect(lab.copies()).toHaveLength(1);
  const byCopy = await indexOf(lab);
  const plain = await lab.lab.open();
  await plain.loadIndex();
  expect(byCopy).toEqual([...plain.index.entries()].sort((a, b) => (a.id < b.id ? -1 : 1)));
  expect(byCopy).toHaveLength(BLOBS);
});

test('a small one is not: the text is read as fast', async () => {
  await using lab = await openLab();
  await store(await lab.open(), 0, 10);
  await indexOf(lab);
  expect(lab.copies()).toEqual([]);
});

test('one that another program wrote gets its copy when it is read', async () => {
  await using lab = await openLab();
  await store(await lab.lab.open(), 0, BLOBS);
  const first = await indexOf(lab);
  expect(lab.copies()).toHaveLength(1);
  expect(await indexOf(lab)).toEqual(first);
});

test.each<[what: string, alter: (bytes: Buffer) => Uint8Array]>([
  ['cut off', (bytes) => bytes.subarray(0, 1000)],
  ['empty', () => new Uint8Array(0)],
  ['changed in one byte', (bytes) => Buffer.from(bytes).fill(bytes[5000]! ^ 1, 5000, 5001)],
])('a copy that is %s is not believed, and made anew', async (_, alter) => {
  await using lab = await openLab();
  await store(await lab.open(), 0, BLOBS);
  const whole = await indexOf(lab);
  const [path = ''] = lab.copies();
  const bytes = readFileSync(path);
  writeFileSync(path, alter(bytes));
  expect(await indexOf(lab)).toEqual(whole);
  expect(readFileSync(path)).toHaveLength(bytes.length);
});

test('a copy under the name of another index file is not believed', async () => {
  await using lab = await openLab();
  await store(await lab.open(), 0, BLOBS);
  const repository = await lab.open();
  await repository.loadIndex();
  await store(repository, BLOBS, BLOBS);
  const whole = await indexOf(lab);
  const [one = '', two = ''] = lab.copies();
  writeFileSync(two, readFileSync(one));
  expect(await indexOf(lab)).toEqual(whole);
  expect(whole).toHaveLength(2 * BLOBS);
});

test('what the store no longer lists is in no index, and its copy is tidied away', async () => {
  await using lab = await openLab();
  await store(await lab.open(), 0, BLOBS);
  const [gone = ''] = lab.copies();
  for await (const { name } of lab.backend.list('index')) {
    await lab.backend.remove({ kind: 'index', name });
  }
  expect(await indexOf(lab)).toEqual([]);
  await store(await lab.open(), 0, BLOBS + 1);
  lab.forgetTidying();
  expect(await indexOf(lab)).toHaveLength(BLOBS + 1);
  expect(lab.copies()).toHaveLength(1);
  expect(lab.copies()).not.toContain(gone);
});

test('where no copy can be written, the index is read all the same', async () => {
  await using lab = await openLab();
  await store(await lab.lab.open(), 0, BLOBS);
  const repository = await lab.open();
  mkdirSync(lab.join('cache', repository.config.id), { recursive: true });
  writeFileSync(lab.join('cache', repository.config.id, 'derived'), 'in the way');
  expect(await indexOf(lab)).toHaveLength(BLOBS);
});
