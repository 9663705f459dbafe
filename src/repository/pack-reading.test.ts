import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLab } from '../../test/support/repository-lab.ts';
import type { FileHandle } from '../backend/backend.ts';
import { fromHex } from '../base/bytes.ts';
import { blobId } from '../format/blob.ts';
import { auditPack } from './pack-audit.ts';
import { readPack, type ReadPack } from './pack-reading.ts';
import { RunOpener } from './run-opener.ts';

/** One pack of about 9 MB: three pieces. */
async function sampleLab() {
  const lab = await createLab();
  const repository = await lab.open();
  const saver = repository.startWriting({ packSizeBytes: 64 << 20 });
  for (let n = 0; n < 60; n += 1) {
    const bytes =
      n % 3 === 0 ? Buffer.alloc(100_000, `text ${n} `) : randomBytes([330_000, 8192][n % 2] ?? 0);
    await saver.save('data', blobId(bytes), bytes);
  }
  for (let n = 0; n < 4; n += 1) {
    const bytes = randomBytes(1 << 20);
    await saver.save('data', blobId(bytes), bytes);
  }
  await saver.flush();
  const [name = ''] = repository.index.packIds();
  const handle: FileHandle = { kind: 'pack', name };
  const bytes = await lab.backend.load(handle);
  const blobs = [...repository.index.entriesOf(name)];
  const opener = new RunOpener(lab.key.master);
  return { ...lab, handle, bytes, blobs, opener };
}

type Lab = Awaited<ReturnType<typeof sampleLab>>;

let lab: Lab;
beforeAll(async () => {
  lab = await sampleLab();
});
beforeEach(() => lab.backend.tamper(lab.handle, lab.bytes));
afterAll(() => lab.opener[Symbol.asyncDispose]());

function read({ backend, key, handle, opener }: Lab, pack: Omit<ReadPack, 'name'>) {
  return readPack({ backend, master: key.master, opener }, { name: handle.name, ...pack });
}

function audit({ key, handle }: Lab, { bytes, blobs }: { bytes: Uint8Array } & Pick<Lab, 'blobs'>) {
  return auditPack({ name: handle.name, bytes }, blobs, key.master);
}

const sorted = ({ causes, intact, damaged }: ReturnType<typeof auditPack>) => ({
  causes: causes.toSorted(),
  intact: intact.map(({ id }) => id).toSorted(),
  damaged: damaged.map(({ id }) => id).toSorted(),
});

test('a sound pack is sound, in whatever order the index lists it', async () => {
  const sizeBytes = lab.bytes.length;
  expect(sizeBytes).toBeGreaterThan(8 << 20);
  for (const blobs of [lab.blobs, lab.blobs.toReversed()]) {
    const { causes, intact, damaged } = await read(lab, { sizeBytes, blobs });
    expect(causes).toEqual([]);
    expect(intact).toHaveLength(64);
    expect(damaged).toEqual([]);
  }
});

test('read in pieces, each kind of damage is told as if the pack were read whole', async () => {
  const { bytes, blobs, backend, handle } = lab;
  const places = [0, 40, 4 << 20, bytes.length - 1, bytes.length - 5, bytes.length - 700];
  const flipped = [...places, ...blobs.slice(30, 34).map(({ offset }) => offset + 9)].map((at) => {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 4;
    return changed;
  });
  const cut = [bytes.length - 1, (4 << 20) + 3, 70, 3, 0].map((end) => bytes.slice(0, end));
  const added = Buffer.concat([bytes, randomBytes(10)]);
  for (const damaged of [...flipped, ...cut, added]) {
    backend.tamper(handle, damaged);
    const inPieces = await read(lab, { sizeBytes: damaged.length, blobs });
    expect(inPieces.causes).not.toEqual([]);
    expect(sorted(inPieces)).toEqual(sorted(audit(lab, { bytes: damaged, blobs })));
  }
});

test('an index that lists other blobs than the header does is told', async () => {
  const { bytes, blobs } = lab;
  const foreign = { ...blobs[0], id: blobId(fromHex('00')) } as (typeof blobs)[0];
  const shifted = blobs.map((blob, n) => (n === 5 ? { ...blob, length: blob.length - 1 } : blob));
  const far = blobs.map((blob, n) => (n === 63 ? { ...blob, offset: blob.offset + 1e8 } : blob));
  const lists = [
    blobs.slice(1),
    blobs.slice(0, -3),
    [],
    [foreign, ...blobs.slice(1)],
    shifted,
    far,
  ];
  for (const list of lists) {
    const inPieces = await read(lab, { sizeBytes: bytes.length, blobs: list });
    expect(inPieces.causes.join()).toContain('its header and the index list different blobs');
    expect(sorted(inPieces)).toEqual(sorted(audit(lab, { bytes, blobs: list })));
  }
});

test('a pack that became shorter since it was listed is no sound one', async () => {
  lab.backend.tamper(lab.handle, lab.bytes.slice(0, 5 << 20));
  const reading = read(lab, { sizeBytes: lab.bytes.length, blobs: lab.blobs });
  await expect(reading).rejects.toMatchObject({ code: 'BACKEND_SHORT_FILE' });
});
