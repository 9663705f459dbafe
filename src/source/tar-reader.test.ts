import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { setXattr } from '../host/libc.ts';
import { readTar, type TarMember } from './tar-reader.ts';

const raw = (text: string) => decodeRawName(Buffer.from(text, 'latin1'));
const LONG = `${'d'.repeat(90)}/${'n'.repeat(200)}`;
const FOREIGN = raw('caf\xe9');

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'keepsake-tar-'));
  mkdirSync(join(dir, 'in', 'd'.repeat(90)), { recursive: true });
  const at = (name: string) => fsPath(join(dir, 'in', name));
  writeFileSync(at('plain'), 'content', { mode: 0o640 });
  writeFileSync(at('exact'), new Uint8Array(1024).fill(7));
  writeFileSync(at(FOREIGN), 'latin1');
  writeFileSync(at('日本'), 'utf8');
  symlinkSync('plain', at('link'));
  linkSync(at('plain'), at('same'));
  utimesSync(at('plain'), 1_700_000_000, 1_700_000_000.25);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function tar(...args: string[]): Uint8Array {
  const options = ['-C', join(dir, 'in'), '--sort=name', '-cf', '-', ...args];
  return execFileSync('tar', options, { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Of the header at the beginning. */
function checksumOf(bytes: Buffer): string {
  bytes.write(' '.repeat(8), 148, 8, 'latin1');
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  return sum.toString(8).padStart(6, ' ');
}

type Read = TarMember & { readonly text: string };

async function read(
  bytes: Uint8Array,
  { size = 1000, skip = false, whole = false } = {},
): Promise<Map<string, Read>> {
  const found = new Map<string, Read>();
  for await (const entry of readTar(pieces(bytes, size), { path: '/a.tar' })) {
    const { content, whole: takeWhole, ...member } = entry;
    const parts = skip ? [] : whole ? [await takeWhole?.()] : await Array.fromAsync(content);
    const text = Buffer.concat(parts.filter((part) => part !== undefined)).toString();
    found.set(member.name, { ...member, text });
  }
  return found;
}

describe.each(['v7', 'oldgnu', 'gnu', 'ustar', 'pax'])('an archive of format %s', (format) => {
  test.each([1, 511, 100_000])('is read in pieces of %i bytes', async (size) => {
    const members = await read(tar(`--format=${format}`, '.'), { size });
    expect(members.get('./plain')).toMatchObject({
      type: 'file',
      stMode: 0o640,
      sizeBytes: 7,
      text: 'content',
    });
    expect(members.get('./exact')?.text).toBe('\u0007'.repeat(1024));
    expect(members.get('./same')).toMatchObject({
      type: 'link',
      linkTarget: './plain',
      sizeBytes: 0,
    });
    expect(members.get('./link')).toMatchObject({ type: 'symlink', linkTarget: 'plain' });
    expect(members.get(`./${FOREIGN}`)?.text).toBe('latin1');
    expect(members.get('./日本')?.text).toBe('utf8');
    expect(members.get('./')?.type ?? members.get('.')?.type).toBe('dir');
    const ns = members.get('./plain')?.mtimeNs;
    expect(ns).toBe(format === 'pax' ? 1_700_000_000_250_000_000n : 1_700_000_000_000_000_000n);
  });
});

test.each(['gnu', 'pax'])(
  'names longer than a header holds come whole, format %s',
  async (format) => {
    const at = join(dir, 'in', LONG);
    writeFileSync(at, 'long');
    symlinkSync(LONG, join(dir, 'in', 'long link'));
    const members = await read(tar(`--format=${format}`, '.'));
    rmSync(at);
    rmSync(join(dir, 'in', 'long link'));
    expect(members.get(`./${LONG}`)?.text).toBe('long');
    expect(members.get('./long link')?.linkTarget).toBe(LONG);
  },
);

test.each([1, 700, 100_000])(
  'a member may be taken in one piece, of pieces of %i',
  async (size) => {
    const bytes = tar('.');
    expect(await read(bytes, { size, whole: true })).toEqual(await read(bytes, { size }));
  },
);

test('numbers between spaces are numbers, those with other letters make it no header', async () => {
  const mode = (text: string): Uint8Array => {
    const bytes = Buffer.from(tar('--format=v7', 'plain'));
    bytes.write(text, 100, 8, 'latin1');
    bytes.write(checksumOf(bytes), 148, 6, 'latin1');
    return bytes;
  };
  expect((await read(mode('   604 \0'))).get('plain')?.stMode).toBe(0o604);
  for (const text of ['0000698\0', '6 44   \0', '-000644\0']) {
    await expect(read(mode(text)), text).rejects.toMatchObject({ code: 'IMPORT_DAMAGED' });
  }
});

test('what is not read is passed over', async () => {
  expect((await read(tar('.'), { skip: true })).size).toBe((await read(tar('.'))).size);
});

test('owners and times beyond the old fields are read in base 256 and in records', async () => {
  for (const format of ['gnu', 'pax']) {
    const how = [
      `--format=${format}`,
      '--owner=big:4000000000',
      '--group=wide:3000000',
      '--mtime=@-5',
    ];
    const members = await read(tar(...how, 'plain'));
    expect(members.get('plain')).toMatchObject({
      uid: 4_000_000_000,
      gid: 3_000_000,
      user: 'big',
      group: 'wide',
      mtimeNs: -5_000_000_000n,
    });
  }
});

test('extended attributes come along', async () => {
  setXattr(join(dir, 'in', 'exact'), 'user.k', Uint8Array.of(0, 255, 10));
  const members = await read(tar('--xattrs', 'exact'));
  expect(members.get('exact')?.extendedAttributes).toContainEqual({
    name: 'user.k',
    value: Buffer.of(0, 255, 10),
  });
});

test('global records hold for all that come after', async () => {
  const bytes = tar(
    '--format=pax',
    '--pax-option=globexthdr.name=g,uname=everyone',
    'plain',
    'exact',
  );
  const members = await read(bytes);
  expect([...members.values()].map(({ user }) => user)).toEqual(['everyone', 'everyone']);
});

test('an archive cut off anywhere is an error, also between two members', async () => {
  const bytes = tar('--format=ustar', 'exact', 'plain');
  const end = 512 + 1024 + 512 + 512;
  for (const length of [0, 100, 512, 700, 512 + 1024, 512 + 1024 + 512, end - 1, end, end + 511]) {
    for (const whole of [false, true]) {
      const reading = read(bytes.subarray(0, length), { whole });
      await expect(reading, String(length)).rejects.toMatchObject({ code: 'IMPORT_DAMAGED' });
    }
  }
  expect((await read(bytes.subarray(0, end + 512))).size).toBe(2);
});

test('a header of which one bit is wrong is an error that names the member before', async () => {
  const bytes = new Uint8Array(tar('--format=ustar', 'exact', 'plain'));
  bytes[512 + 1024 + 3] = (bytes[512 + 1024 + 3] ?? 0) ^ 1;
  await expect(read(bytes)).rejects.toMatchObject({
    code: 'IMPORT_DAMAGED',
    message: expect.stringContaining('"exact"') as string,
  });
});

/** Files with holes: what is in them, and how long they are. */
const HOLEY: Readonly<Record<string, { pieces: readonly number[]; sizeBytes: number }>> = {
  'only a hole': { pieces: [], sizeBytes: 1_000_000 },
  'a hole at its end': { pieces: [0], sizeBytes: 300_001 },
  'a hole before': { pieces: [600_000], sizeBytes: 600_000 + 5000 },
  // More pieces than the header and the block after it have room for.
  'many holes': {
    pieces: Array.from({ length: 60 }, (_, at) => 65_536 * at),
    sizeBytes: 4_000_000,
  },
};

function layOutHoley(): string[] {
  for (const [name, { pieces, sizeBytes }] of Object.entries(HOLEY)) {
    const path = join(dir, 'in', name);
    writeFileSync(path, '');
    truncateSync(path, sizeBytes);
    const fd = openSync(path, 'r+');
    for (const at of pieces)
      writeSync(fd, randomBytes(5000), 0, Math.min(5000, sizeBytes - at), at);
    closeSync(fd);
  }
  return Object.keys(HOLEY);
}

const SPARSE = [
  ['oldgnu', ['--format=oldgnu']],
  ['pax 0.0', ['--format=posix', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=posix', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=posix', '--sparse-version=1.0']],
] as const;

test.each(SPARSE)('files with holes come as they were, format %s', async (_, how) => {
  const names = layOutHoley();
  const bytes = tar(...how, '-S', '--hole-detection=raw', ...names, 'plain');
  // It was told of the holes.
  expect(bytes.length).toBeLessThan(800_000);
  for (const size of [700, 100_000]) {
    const found = new Map<string, Buffer>();
    for await (const { name, sizeBytes, content } of readTar(pieces(bytes, size), { path: '/a' })) {
      found.set(name, Buffer.concat(await Array.fromAsync(content)));
      expect(found.get(name)?.length).toBe(sizeBytes);
    }
    expect([...found.keys()]).toEqual([...names, 'plain']);
    for (const [name, content] of found) {
      expect(content.equals(readFileSync(join(dir, 'in', name))), name).toBe(true);
    }
  }
  expect((await read(bytes, { skip: true })).size).toBe(names.length + 1);
  for (const name of names) rmSync(join(dir, 'in', name));
});

test.each(SPARSE)('a map that does not fit its file is damage, format %s', async (_, how) => {
  layOutHoley();
  const bytes = Buffer.from(tar(...how, '-S', '--hole-detection=raw', 'a hole before'));
  // Moved on by a digit, so that it lies beyond the end.
  const [from, to] =
    how[0] === '--format=oldgnu' ? ['00002223000', '00007223000'] : ['599552', '999552'];
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at);
  if (how[0] === '--format=oldgnu') bytes.write(checksumOf(bytes), 148, 6, 'latin1');
  await expect(read(bytes)).rejects.toMatchObject({ code: 'IMPORT_DAMAGED' });
});

test('a map of letters is damage, not a file that is only a hole', async () => {
  layOutHoley();
  const bytes = Buffer.from(tar('--format=posix', '-S', '--hole-detection=raw', 'only a hole'));
  const at = bytes.indexOf('1\n1000000\n0\n');
  expect(at % 512).toBe(0);
  bytes.write('x', at);
  await expect(read(bytes)).rejects.toMatchObject({ code: 'IMPORT_DAMAGED' });
});

test('random bytes are never taken for an archive', async () => {
  const bytes = readFileSync(process.execPath).subarray(0, 100_000);
  await expect(read(bytes)).rejects.toMatchObject({ code: 'IMPORT_DAMAGED' });
});
