import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { openLocalBackend } from './local-backend.ts';

test('smoke', async () => {
  const root = await mkdtemp(join(tmpdir(), 'kb-'));
  const b = openLocalBackend({ path: join(root, 'a/repo'), random: systemRandom });
  await b.create();
  await b.create();
  const name = 'ab'.repeat(32);
  await b.save({ kind: 'pack', name }, Uint8Array.of(1, 2, 3));
  await expect(b.save({ kind: 'pack', name }, Uint8Array.of(1))).rejects.toThrow(/already/);
  expect([...(await b.load({ kind: 'pack', name }, { offsetBytes: 1 }))]).toEqual([2, 3]);
  expect(await Array.fromAsync(b.list('pack'))).toEqual([{ name, sizeBytes: 3 }]);
  expect(await readdir(join(root, 'a/repo/data/ab'))).toEqual([name]);
  expect((await stat(join(root, 'a/repo/data/ab', name))).mode & 0o777).toBe(0o400);
  await rm(root, { recursive: true });
});
