import { randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { StreamChunker } from './chunk-stream.ts';
import { readFileContent } from './file-reading.ts';
import { readNode } from './read-node.ts';

const POLYNOMIAL = 0x3da3358b4dc173n;

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1000, 65_536, 3_000_000])(
  'a stream in pieces of %i bytes is cut where the file is',
  async (size) => {
    const folder = mkdtempSync(join(tmpdir(), 'keepsake-chunks-'));
    const chunker = new StreamChunker(POLYNOMIAL);
    for (const length of [0, 1, 100_000, 12_000_000]) {
      const bytes =
        length < 12_000_000
          ? randomBytes(length)
          : Buffer.concat([randomBytes(3_000_000), new Uint8Array(9_000_000)]);
      const path = join(folder, 'f');
      writeFileSync(path, bytes);
      const reading = readFileContent(
        path,
        readNode('f', path, lstatSync(path, { bigint: true })).node,
        {
          polynomial: POLYNOMIAL,
          pool: new BufferPool(),
        },
      );
      const expected: string[] = [];
      for await (const { id } of reading.chunks()) expected.push(id);
      const found: string[] = [];
      for await (const { id } of chunker.chunks(pieces(bytes, size))) found.push(id);
      expect(found).toEqual(expected);
    }
    rmSync(folder, { recursive: true });
  },
);
