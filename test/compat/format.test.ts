/** The codecs alone against files that the real restic wrote, and restic against files of ours. */
import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { toHex, utf8Decode } from '../../src/base/bytes.ts';
import { blobId, openBlob } from '../../src/format/blob.ts';
import { decodeConfigFile, encodeConfigFile } from '../../src/format/config-file.ts';
import type { MasterKey } from '../../src/format/crypto.ts';
import { decodeIndexFile, encodeIndexFile } from '../../src/format/index-file.ts';
import {
  decodeKeyFile,
  encodeKeyFile,
  openMasterKey,
  sealMasterKey,
} from '../../src/format/key-file.ts';
import { decodeLockFile } from '../../src/format/lock-file.ts';
import { decodePackHeader, packHeaderLength, packSizeOf } from '../../src/format/pack.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/format/snapshot-file.ts';
import { sealUnpacked, unsealUnpacked, type UnpackedKind } from '../../src/format/unpacked.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { requireTool } from '../support/require-tool.ts';
import { resticTemplate } from '../support/restic-template.ts';
import { restic } from '../support/restic.ts';
import { startProgram } from '../support/run-program.ts';
import { tempFolder } from '../support/temp-folder.ts';

const VERSIONS = [1, 2] as const;
const byVersion = test.skipIf(!requireTool('restic')).each(VERSIONS);

interface Repository {
  readonly path: string;
  readonly master: MasterKey;
}

const dir = await tempFolder();
afterAll(() => dir[Symbol.asyncDispose]());

const repositories = new Map<1 | 2, Promise<Repository>>();

/** A repository of restic's own; the tests only look at it, so one a version is enough. */
function resticRepository(version: 1 | 2): Promise<Repository> {
  const made = repositories.get(version) ?? makeResticRepository(version);
  repositories.set(version, made);
  return made;
}

/** Two snapshots that have, together, every field restic 0.14 writes. */
async function makeResticRepository(version: 1 | 2): Promise<Repository> {
  const path = dir.join(`repo-${version}`);
  const source = dir.join(`source-${version} <&>`);
  await mkdir(join(source, 'uploads'), { recursive: true });
  await writeFile(join(source, 'text'), 'row, row, row\n'.repeat(20_000));
  await writeFile(join(source, 'random'), systemRandom(3_000_000));
  await writeFile(join(source, 'uploads', 'small'), 'x');
  cpSync(await resticTemplate(version), path, { recursive: true });
  const backup = ['backup', '--host', '<nas>', '--tag', 'a&b,c', '--exclude', '*.t<m>p', source];
  await restic(path, PASSWORD, backup);
  await writeFile(join(source, 'uploads', 'second'), 'y'.repeat(5000));
  await restic(path, PASSWORD, backup);
  await restic(path, PASSWORD, ['tag', '--add', 'la\u2028ter', 'latest']);
  const keyFile = decodeKeyFile((await files(path, 'keys'))[0]?.bytes ?? new Uint8Array());
  const master = await openMasterKey(keyFile, PASSWORD);
  if (master === undefined) throw new Error('the password does not open the key of restic');
  return { path, master };
}

async function files(repo: string, folder: string): Promise<{ name: string; bytes: Uint8Array }[]> {
  const entries = await readdir(join(repo, folder), { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile());
  return Promise.all(
    names.map(async ({ name, parentPath }) => ({
      name,
      bytes: await readFile(join(parentPath, name)),
    })),
  );
}

/** The documents of one kind, as JSON bytes. */
async function documents(
  { path, master }: Repository,
  folder: string,
  kind: UnpackedKind,
): Promise<Uint8Array[]> {
  const found = await files(path, folder);
  return found.map(({ bytes }) => unsealUnpacked({ kind, master, bytes }));
}

byVersion(
  'config, key and snapshots of a version %i repository write again alike',
  async (version) => {
    const repo = await resticRepository(version);
    const bytes = await readFile(join(repo.path, 'config'));
    const config = unsealUnpacked({ kind: 'config', master: repo.master, bytes });
    expect(decodeConfigFile(config).version).toBe(version);
    expect(utf8Decode(encodeConfigFile(decodeConfigFile(config)))).toBe(utf8Decode(config));
    for (const { bytes } of await files(repo.path, 'keys')) {
      expect(utf8Decode(encodeKeyFile(decodeKeyFile(bytes)))).toBe(utf8Decode(bytes));
    }
    const snapshots = await documents(repo, 'snapshots', 'snapshot');
    expect(snapshots).toHaveLength(2);
    for (const document of snapshots) {
      expect(utf8Decode(encodeSnapshot(decodeSnapshot(document)))).toBe(utf8Decode(document));
    }
    const decoded = snapshots.map(decodeSnapshot);
    const tagged = decoded.find(({ original }) => original !== undefined);
    expect(tagged).toMatchObject({
      hostname: '<nas>',
      tags: ['a&b', 'c', 'la\u2028ter'],
      excludes: ['*.t<m>p'],
      parent: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  },
);

byVersion('every blob of a version %i repository opens by index and by header', async (version) => {
  const repo = await resticRepository(version);
  const { path, master } = repo;
  const packs = new Map((await files(path, 'data')).map(({ name, bytes }) => [name, bytes]));
  const indexes = await documents(repo, 'index', 'index');
  const indexed = indexes.flatMap((document) => decodeIndexFile(document).packs);
  expect(indexed.map(({ id }) => id).toSorted()).toEqual([...packs.keys()].toSorted());
  let compressed = 0;
  for (const { id, blobs } of indexed) {
    const pack = packs.get(id) ?? new Uint8Array();
    const length = packHeaderLength(pack.subarray(-4), pack.length);
    const listed = decodePackHeader(pack.subarray(-4 - length, -4), master, pack.length);
    expect(listed).toEqual(blobs.toSorted((a, b) => a.offset - b.offset));
    expect(packSizeOf(listed)).toBe(pack.length);
    for (const blob of listed) {
      const sealed = pack.subarray(blob.offset, blob.offset + blob.length);
      expect(blobId(openBlob({ master, sealed, ...blob }))).toBe(blob.id);
      if (blob.uncompressedLength !== undefined) compressed += 1;
    }
  }
  expect(compressed > 0).toBe(version === 2);
});

byVersion('the index of a version %i repository writes again alike', async (version) => {
  const repo = await resticRepository(version);
  for (const document of await documents(repo, 'index', 'index')) {
    expect(utf8Decode(encodeIndexFile(decodeIndexFile(document)))).toBe(utf8Decode(document));
  }
});

byVersion('a lock that restic holds on a version %i repository is read', async (version) => {
  const repo = await resticRepository(version);
  // restic waits for its standard input, which never ends, while it holds the lock of a backup.
  const script = 'tail -f /dev/null | restic --no-cache backup --stdin';
  const env = { RESTIC_REPOSITORY: repo.path, RESTIC_PASSWORD: PASSWORD };
  await using holder = startProgram(['sh', '-c', script], { env });
  let locks: Uint8Array[] = [];
  while (locks.length === 0) {
    await systemClock.sleep(20);
    locks = await documents(repo, 'locks', 'lock').catch(() => []); // half written
  }
  expect(locks.map(decodeLockFile)).toEqual([
    expect.objectContaining({ exclusive: false, username: userInfo().username }),
  ]);
  expect(holder.pid).toBeGreaterThan(0);
});

byVersion('restic opens a version %i repository whose files all are ours', async (version) => {
  await using repo = await tempFolder();
  const folders = ['keys', 'snapshots', 'index', 'locks', 'data'];
  await Promise.all(folders.map((name) => mkdir(repo.join(name))));
  const master: MasterKey = {
    encrypt: systemRandom(32),
    macK: systemRandom(16),
    macR: systemRandom(16),
  };
  const key = await sealMasterKey({
    master,
    password: PASSWORD,
    params: { N: 16384, r: 8, p: 1 },
    username: 'root',
    hostname: 'nas',
    createdAt: new Date('2026-11-23T08:15:30.12Z'),
    random: systemRandom,
  });
  await save(repo.join('keys'), encodeKeyFile(key));
  const config = { version, id: 'ab'.repeat(32), chunkerPolynomial: 0x25b468838dcb75n };
  const seal = (kind: UnpackedKind, plaintext: Uint8Array) =>
    sealUnpacked({ kind, version, master, plaintext, nonce: systemRandom(16) });
  await writeFile(repo.join('config'), seal('config', encodeConfigFile(config)));
  await save(repo.join('index'), seal('index', encodeIndexFile({ supersedes: [], packs: [] })));
  const { stdout } = await restic(repo.path, PASSWORD, ['cat', 'config']);
  expect(JSON.parse(stdout)).toMatchObject({ version, chunker_polynomial: '25b468838dcb75' });
  const masterKey = await restic(repo.path, PASSWORD, ['cat', 'masterkey']);
  expect(JSON.parse(masterKey.stdout)).toMatchObject({
    encrypt: Buffer.from(master.encrypt).toString('base64'),
  });
  await restic(repo.path, PASSWORD, ['check']);
});

async function save(folder: string, bytes: Uint8Array): Promise<void> {
  const name = toHex(createHash('sha256').update(bytes).digest());
  await writeFile(join(folder, name), bytes);
}
