/** A lock is refreshed while it is held, and lost when that fails for long. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createLabIn } from '../../test/support/repository-lab.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { utf8Encode } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { startLockLab } from '../../test/support/lock-lab.ts';

const MINUTE = 60_000;

test('a held lock is written anew every five minutes, never leaving the store without one', async () => {
  const { process, take, clock, locks, backend } = await startLockLab();
  const held = await take(process());
  for (let refresh = 0; refresh < 12; refresh += 1) {
    await clock.advance(5 * MINUTE);
    held.assertFresh();
    expect(await locks()).toHaveLength(1);
  }
  const [only] = await locks();
  expect(clock.now().getTime() - Date.parse(only?.lock?.time ?? '')).toBeLessThan(5 * MINUTE);
  const operations = backend.mutations.map(({ operation }) => operation);
  expect(operations.slice(0, 5)).toEqual(['save', 'save', 'remove', 'save', 'remove']);
  await held[Symbol.asyncDispose]();
  expect(await locks()).toEqual([]);
  await clock.advance(30 * MINUTE);
  expect(await locks()).toEqual([]);
});

test('after 20 minutes without a refresh the lock counts as lost', async () => {
  const { process, take, clock, backend } = await startLockLab();
  await using held = await take(process());
  const unreachable = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  backend.fail('save', unreachable).repeat(100);
  await clock.advance(19 * MINUTE);
  held.assertFresh();
  await clock.advance(2 * MINUTE);
  expect(() => held.assertFresh()).toThrow(/could not be refreshed since 2[01] min ago/);
});

test('a refresh that fails now and then does no harm, and an old lock that would not go goes later', async () => {
  const { process, take, clock, backend, locks } = await startLockLab();
  const held = await take(process());
  const unreachable = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  backend.fail('save', unreachable).repeat(2);
  await clock.advance(16 * MINUTE);
  held.assertFresh();
  backend.fail('remove', unreachable).repeat(1);
  await clock.advance(5 * MINUTE);
  expect(await locks()).toHaveLength(2);
  await held[Symbol.asyncDispose]();
  expect(await locks()).toEqual([]);
});

test('a machine that slept for an hour has lost its lock for good', async () => {
  const { process, take, clock } = await startLockLab();
  await using held = await take(process());
  clock.suspend(60 * MINUTE);
  expect(() => held.assertFresh()).toThrow(/1 h|60 min/);
  await clock.advance(30 * MINUTE);
  expect(() => held.assertFresh()).toThrow(KeepsakeError);
});

test('a repository whose lock was lost writes nothing more', async () => {
  const clock = new ManualClock();
  const backend = createMemBackend();
  const { open } = await createLabIn({ backend, clock });
  const repository = await open();
  await using _held = await clock.run(repository.lock({ exclusive: false, waitMs: 0 }));
  clock.suspend(21 * MINUTE);
  const before = backend.files();
  const saver = repository.startWriting();
  await saver.save(
    'data',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    utf8Encode('abc'),
  );
  await expect(saver.flush()).rejects.toMatchObject({ code: 'REPOSITORY_LOCK_LOST' });
  const snapshot = { time: '2026-01-01T00:00:00Z', tree: 'ab'.repeat(32), paths: [] };
  await expect(repository.saveSnapshot(snapshot)).rejects.toMatchObject({
    code: 'REPOSITORY_LOCK_LOST',
  });
  expect(backend.files()).toEqual(before);
});
