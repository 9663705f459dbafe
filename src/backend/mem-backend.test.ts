import { expect, test } from 'vitest';
import { describeBackend } from './backend-suite.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import { createMemBackend } from './mem-backend.ts';

describeBackend('memory', async () => createMemBackend());

test('a clone and its original no longer share anything', async () => {
  await using backend = createMemBackend();
  const bytes = Uint8Array.of(1);
  await backend.save(handleOf('key', bytes), bytes);
  await using clone = backend.clone();
  await clone.remove(handleOf('key', bytes));
  await backend.save({ kind: 'config', name: '' }, bytes);
  expect([...backend.files().keys()].sort()).toEqual([
    'config',
    `keys/${handleOf('key', bytes).name}`,
  ]);
  expect(clone.files().size).toBe(0);
});

test('tampering changes or takes away a file behind the contract', async () => {
  await using backend = createMemBackend();
  const handle = handleOf('pack', Uint8Array.of(1));
  await backend.save(handle, Uint8Array.of(1));
  backend.tamper(handle, Uint8Array.of(2, 2));
  expect([...(await backend.load(handle))]).toEqual([2, 2]);
  backend.tamper(handle, undefined);
  await expect(backend.load(handle)).rejects.toMatchObject({ code: 'BACKEND_FILE_NOT_FOUND' });
});
