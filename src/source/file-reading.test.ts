import { execFileSync } from 'node:child_process';
import { createCipheriv, hash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { ContentChunker } from '../format/chunker.ts';
import { makeFifo, setXattr } from '../host/libc.ts';
import { BufferPool } from './buffer-pool.ts';
import { readFileContent } from './file-reading.ts';
import { readNode } from './read-node.ts';
import type { Chunk, FileReading } from './source.ts';

const polynomial = 0x3da3358b4dc173n;
const MIB = 1024 * 1024;

function openReading(path: string, pool = new BufferPool()): FileReading {
  const { node } = readNode('file', path, lstatSync(path, { bigint: true }));
  return readFileContent(path, node, { polynomial, pool });
}

interface Read {
  readonly lengths: number[];
  readonly content: Buffer;
}

/** All of it, each chunk checked against its id; `between` runs after the first chunk. */
async function readAll(chunks: AsyncIterable<Chunk>, between?: () => void): Promise<Read> {
  const parts: Buffer[] = [];
  for await (const { id, bytes } of chunks) {
    expect(id).toBe(hash('sha256', bytes, 'hex'));
    parts.push(Buffer.from(bytes));
    if (parts.length === 1) between?.();
  }
  return { lengths: parts.map(({ length }) => length), content: Buffer.concat(parts) };
}

/** Pseudo-random, the same each time. */
function stream(sizeBytes: number): Buffer {
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32), new Uint8Array(16));
  return cipher.update(new Uint8Array(sizeBytes));
}

/** The cuts of the whole file at once, without a window. */
function expectedLengths(content: Uint8Array): number[] {
  const chunker = new ContentChunker(polynomial);
  const lengths: number[] = [];
  let at = 0;
  for (let length = chunker.scan(content, at); length > 0; length = chunker.scan(content, at)) {
    lengths.push(length);
    at += length;
  }
  if (at < content.length) lengths.push(content.length - at);
  return lengths;
}

test.each([
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['exactly a buffer', stream(65_536)],
  ['a byte less than a buffer', stream(65_535)],
  ['several chunks', stream(20 * MIB + 77)],
  ['zeros, cut at the minimum', Buffer.alloc(3 * MIB)],
  ['the largest chunks', Buffer.alloc(17 * MIB, 1)],
])('a file of %s comes whole, cut as the chunker cuts it', async (_, content) => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, content);
  const reading = openReading(path);
  const read = await readAll(reading.chunks());
  expect(read.content.equals(content)).toBe(true);
  expect(read.lengths).toEqual(expectedLengths(content));
  const { node, stillChanging } = await reading.finish();
  expect([node.size, stillChanging]).toEqual([content.length, false]);
});

test('files read side by side from one pool do not mix', async () => {
  await using dir = await tempFolder();
  const pool = new BufferPool();
  const contents = [3, 900_000, 2 * MIB, 70_000, 5 * MIB].map((size, at) =>
    Buffer.from(stream(size + at).map((byte) => byte ^ at)),
  );
  for (let round = 0; round < 2; round += 1) {
    const reads = contents.map(async (content, at) => {
      const path = dir.join(`file ${at}`);
      writeFileSync(path, content);
      const read = await readAll(openReading(path, pool).chunks());
      return read.content.equals(content);
    });
    expect(await Promise.all(reads)).toEqual(contents.map(() => true));
  }
});

test('a sparse file reads as zeros', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, 'start');
  truncateSync(path, 5 * MIB);
  const { content } = await readAll(openReading(path).chunks());
  expect(content.equals(Buffer.concat([Buffer.from('start'), Buffer.alloc(5 * MIB - 5)]))).toBe(
    true,
  );
});

test('a file that claims to be empty is read all the same', async () => {
  const reading = openReading('/proc/self/status');
  const { content } = await readAll(reading.chunks());
  expect(content.toString()).toMatch(/^Name:/);
  expect(await reading.finish()).toMatchObject({ node: { size: content.length } });
});

test('metadata is that of the end of the reading, attributes included', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, 'old');
  setXattr(path, 'user.a', Uint8Array.of(1));
  const reading = openReading(path);
  writeFileSync(path, 'newer');
  chmodSync(path, 0o600);
  await readAll(reading.chunks());
  const { node } = await reading.finish();
  expect(node).toEqual({
    ...readNode('file', path, lstatSync(path, { bigint: true })).node,
    extendedAttributes: [{ name: 'user.a', value: Uint8Array.of(1) }],
  });
  expect(node).toMatchObject({ size: 5, mode: 0o600 });
});

test('a file that grows while it is read is said to change, and settles when read again', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, stream(3 * MIB));
  const reading = openReading(path);
  await readAll(reading.chunks(), () => appendFileSync(path, stream(12 * MIB)));
  expect(await reading.finish()).toMatchObject({ stillChanging: true });
  const { content } = await readAll(reading.chunks());
  expect(content.equals(readFileSync(path))).toBe(true);
  expect(await reading.finish()).toMatchObject({
    stillChanging: false,
    node: { size: 15 * MIB },
  });
});

test('a small file that grew after it was listed comes whole', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, '');
  const reading = openReading(path);
  const content = stream(9 * MIB + 1);
  writeFileSync(path, content);
  const read = await readAll(reading.chunks());
  expect(read.content.equals(content)).toBe(true);
  expect(read.lengths).toEqual(expectedLengths(content));
});

test('a file cut short while it is read has the size that was read', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, stream(20 * MIB));
  const reading = openReading(path);
  const { content } = await readAll(reading.chunks(), () => truncateSync(path, 2 * MIB));
  expect(content.length).toBeLessThan(20 * MIB);
  expect(await reading.finish()).toMatchObject({
    stillChanging: true,
    node: { size: content.length },
  });
});

test('a write that sets the old time again is noticed', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, stream(4 * MIB));
  utimesSync(path, 1000, 1000);
  const reading = openReading(path);
  await readAll(reading.chunks(), () => {
    execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1', 'count=1', 'conv=notrunc'], {
      stdio: 'ignore',
    });
    utimesSync(path, 1000, 1000);
  });
  expect(await reading.finish()).toMatchObject({ stillChanging: true });
});

test('a file deleted or replaced while it is read is whole, as it was', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  const content = stream(4 * MIB);
  for (const leave of [() => rmSync(path), () => renameSync(dir.join('other'), path)]) {
    writeFileSync(path, content);
    writeFileSync(dir.join('other'), 'other');
    const reading = openReading(path);
    const read = await readAll(reading.chunks(), leave);
    expect(read.content.equals(content)).toBe(true);
    expect(await reading.finish()).toMatchObject({ stillChanging: false });
  }
});

test('what took the place of the file is not read', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  const others: [string, () => void][] = [
    ['SOURCE_VANISHED', () => {}],
    ['SOURCE_CHANGED_TYPE', () => symlinkSync('/etc/passwd', path)],
    ['SOURCE_CHANGED_TYPE', () => mkdirSync(path)],
    ['SOURCE_CHANGED_TYPE', () => makeFifo(path, 0o600)],
  ];
  for (const [code, put] of others) {
    writeFileSync(path, 'x');
    const reading = openReading(path);
    rmSync(path);
    put();
    await expect(readAll(reading.chunks())).rejects.toMatchObject({ code });
    rmSync(path, { recursive: true, force: true });
  }
});

test('an abort ends the reading with its reason', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('file'), stream(6 * MIB));
  const abort = new AbortController();
  const chunks = openReading(dir.join('file')).chunks({ signal: abort.signal });
  await expect(readAll(chunks, () => abort.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('reading leaves the access time alone, for root and the owner', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, 'x');
  utimesSync(path, 1000, 2000); // older than mtime: even a relatime mount would set it anew
  await readAll(openReading(path).chunks());
  expect(lstatSync(path).atimeMs).toBe(1_000_000);
});
