import { expect, test } from 'vitest';
import { handleOf } from '../../test/support/backend-files.ts';
import { createMemBackend } from './mem-backend.ts';
import { asReadOnly } from './read-only-backend.ts';

test('reading passes through and every writing call is refused', async () => {
  const store = createMemBackend();
  const bytes = Uint8Array.of(1);
  const handle = handleOf('snapshot', bytes);
  await store.save(handle, bytes);
  await using backend = asReadOnly(store);
  expect([...(await backend.load(handle))]).toEqual([1]);
  expect(await backend.stat(handle)).toEqual({ sizeBytes: 1 });
  expect(await Array.fromAsync(backend.list('snapshot'))).toHaveLength(1);
  const other = handleOf('snapshot', Uint8Array.of(2));
  for (const call of [
    async () => backend.create(),
    async () => backend.save(other, Uint8Array.of(2)),
    async () => backend.remove(handle),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'BACKEND_READ_ONLY' });
  }
  expect(await backend.removeLeftovers?.(new Date('2030-01-01'))).toBe(0);
  expect(store.files().size).toBe(1);
});
