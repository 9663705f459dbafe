import { createCipheriv } from 'node:crypto';
import { appendFileSync, lstatSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemRandom } from '../base/clock.ts';
import { blobId, openBlob } from '../format/blob.ts';
import { generateMasterKey } from '../format/crypto.ts';
import { ThreadSealer } from '../repository/blob-sealer.ts';
import type { FileSealing } from '../repository/file-sealing.ts';
import type { Leaf } from '../source/source.ts';
import { newArchiveCounts } from './archive-counts.ts';
import { SmallFiles } from './small-files.ts';

const master = generateMasterKey(systemRandom);
const here = new ThreadSealer({ master, version: 2, compression: 'auto' }, systemRandom);

function leafOf(path: string, detect = false): Leaf {
  const stats = lstatSync(path, { bigint: true });
  const seen = { path, stats };
  const looksLikeDatabase = (): boolean => true;
  return { kind: 'leaf', path, seen, ...(detect ? { looksLikeDatabase } : {}) } as unknown as Leaf;
}

/** Stores in a map, all in this thread. The clock is far from the files' times. */
function lab({
  ready = () => Promise.resolve(),
  clock = new FakeClock(),
}: Partial<LabOptions> = {}) {
  const blobs = new Map<string, string>();
  const sealing: FileSealing = {
    here,
    polynomial: 0x3da3358b4dc173n,
    sendAhead: () => {},
    expect: () => {},
    run: () => undefined,
    add: (blob) => {
      const isNew = !blobs.has(blob.id);
      blobs.set(blob.id, Buffer.from(openBlob({ master, ...blob })).toString('latin1'));
      return { isNew };
    },
    ready,
  };
  const counts = newArchiveCounts();
  return { blobs, counts, files: new SmallFiles({ sealing, clock, counts }) };
}

interface LabOptions {
  readonly ready: () => Promise<void>;
  readonly clock: FakeClock;
}

test('small files are stored under their ids, equal ones once, empty ones without content', async () => {
  await using dir = await tempFolder();
  const texts = ['one', 'two', 'one', '', 'text that compresses, '.repeat(500)];
  const paths = texts.map((_, at) => dir.join(`${at}`));
  for (const [at, path] of paths.entries()) writeFileSync(path, texts[at] ?? '');
  const { files, blobs, counts } = lab();
  const outcomes = await Promise.all(
    paths.map((path) => Promise.resolve(files.save(leafOf(path)))),
  );
  expect(outcomes).toEqual(
    texts.map((text) => ({
      kind: 'saved',
      content: text === '' ? [] : [blobId(Buffer.from(text))],
    })),
  );
  expect([...blobs.values()].sort()).toEqual([...new Set(texts)].filter(Boolean).sort());
  expect(counts.dataBlobs).toBe(3);
  expect(counts.dataAdded).toBe(6 + 22 * 500);
});

test('a file written just before it was read is left to be read again', async () => {
  await using dir = await tempFolder();
  const path = dir.join('a');
  writeFileSync(path, 'half of');
  const { ctimeMs } = lstatSync(path);
  for (const [offsetMs, kind] of [
    [-60, 'saved'],
    [-40, 'unsettled'],
    [0, 'unsettled'],
    [40, 'unsettled'],
    [60, 'saved'],
  ] as const) {
    const { files, blobs } = lab({
      clock: new FakeClock(new Date(Math.floor(ctimeMs) + offsetMs)),
    });
    expect(await files.save(leafOf(path))).toMatchObject({ kind });
    expect(blobs.size).toBe(kind === 'saved' ? 1 : 0);
  }
});

test('a file that begins as a database does is told, and nothing of it is stored', async () => {
  await using dir = await tempFolder();
  const path = dir.join('a');
  writeFileSync(path, 'SQLite format 3\0 and so on');
  const { files, blobs } = lab();
  expect(await files.save(leafOf(path, true))).toEqual({ kind: 'database' });
  expect(blobs.size).toBe(0);
  expect(await files.save(leafOf(path, false))).toMatchObject({ kind: 'saved' });
});

test('while the store cannot take more, only a few megabytes are read', async () => {
  await using dir = await tempFolder();
  const path = dir.join('a');
  writeFileSync(path, Buffer.alloc(500_000));
  const store = Promise.withResolvers<void>();
  const { files } = lab({ ready: () => store.promise });
  let taken = 0;
  const saving: unknown[] = [];
  const walk = async (): Promise<void> => {
    for (; taken < 50; taken += 1) {
      await files.ready();
      saving.push(files.save(leafOf(path)));
    }
  };
  const walked = walk();
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeLessThan(20); // eight batches of a megabyte, and the one just begun
  store.resolve();
  await walked;
  await Promise.all(saving);
  expect(taken).toBe(50);
});

test('a picture is cut as restic cuts it, a piece a blob', async () => {
  await using dir = await tempFolder();
  const path = dir.join('picture');
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32), new Uint8Array(16));
  const content = cipher.update(new Uint8Array(3_000_000));
  writeFileSync(path, content);
  const { files, blobs, counts } = lab();
  const outcome = await files.save(leafOf(path));
  // Where restic/chunker cuts the same stream (chunker.ts) the first time.
  const ids = outcome?.kind === 'saved' ? outcome.content : [];
  expect(ids[0]).toBe(blobId(content.subarray(0, 551_133)));
  expect(ids.length).toBeGreaterThan(2);
  expect(ids.map((id) => blobs.get(id)).join('')).toBe(content.toString('latin1'));
  expect(counts).toMatchObject({ dataAdded: content.length, dataBlobs: ids.length });
});

test('what takes more than 4 MiB goes the long way', async () => {
  await using dir = await tempFolder();
  const path = dir.join('film');
  writeFileSync(path, Buffer.alloc((4 << 20) + 1));
  expect(lab().files.save(leafOf(path))).toBeUndefined();
});

test.each([
  ['grew', (path: string) => appendFileSync(path, 'more')],
  ['was cut off', (path: string) => truncateSync(path, 1_000_000)],
  ['went', (path: string) => rmSync(path)],
])('of a picture that %s since the walk looked at it nothing is stored', async (_, change) => {
  await using dir = await tempFolder();
  const path = dir.join('picture');
  writeFileSync(path, Buffer.alloc(3_000_000, 7));
  const { files, blobs } = lab();
  const leaf = leafOf(path);
  change(path);
  expect(await files.save(leaf)).toEqual({ kind: 'unsettled' });
  expect(blobs.size).toBe(0);
});
