import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FaultyBackend } from '../../test/support/faulty-backend.ts';
import { systemRandom } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Backend, FileHandle } from './backend.ts';
import { describeBackend } from './backend-suite.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import { createMemBackend, type MemBackend } from './mem-backend.ts';
import { withRetry, type Retry } from './retry-backend.ts';

const BYTES = Uint8Array.of(1, 2, 3);
const PACK = handleOf('pack', BYTES);
const later = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'memory', reason: 'no route' });
const never = new KeepsakeError('BACKEND_FULL', { location: 'memory', file: 'x', reason: 'full' });

interface Setting {
  store: MemBackend;
  faulty: FaultyBackend;
  backend: Backend;
  clock: FakeClock;
  retries: Retry[];
}

function setting(attempts?: number): Setting {
  const store = createMemBackend();
  const faulty = new FaultyBackend(store);
  const clock = new FakeClock();
  const retries: Retry[] = [];
  const onRetry = (retry: Retry): void => void retries.push(retry);
  const backend = withRetry(faulty, { clock, random: systemRandom, attempts, onRetry });
  return { store, faulty, backend, clock, retries };
}

describeBackend('retry', async () => setting().backend);

describeBackend('retry, over a store whose first answer on each file is lost', async () => {
  const { faulty, backend } = setting();
  for (const method of ['save', 'load', 'stat'] as const) {
    const seen = new Set<string>();
    const isFirst = ({ kind, name }: FileHandle): boolean => {
      const file = kind + name;
      return !seen.has(file) && seen.add(file).size > 0;
    };
    faulty.fail(method, later).repeat(Number.POSITIVE_INFINITY).on(isFirst).afterwards();
  }
  return backend;
});

test('what fails for now is tried again, with growing pauses, and told each time', async () => {
  const { faulty, backend, clock, retries } = setting();
  faulty.fail('save', later).repeat(4);
  await backend.save(PACK, BYTES);
  expect([...(await backend.load(PACK))]).toEqual([1, 2, 3]);
  expect(retries.map(({ operation, attempt }) => `${operation} ${attempt}`)).toEqual([
    'save 1',
    'save 2',
    'save 3',
    'save 4',
  ]);
  for (const [i, middle] of [500, 1000, 2000, 4000].entries()) {
    expect(clock.sleeps[i]).toBeGreaterThanOrEqual(middle / 2);
    expect(clock.sleeps[i]).toBeLessThanOrEqual(middle * 1.5);
  }
});

test('the last failure is thrown when the attempts are used up', async () => {
  const { faulty, backend, retries } = setting(3);
  faulty.fail('load', later).repeat(3);
  await expect(backend.load(PACK)).rejects.toBe(later);
  expect(retries).toHaveLength(2);
});

test('what will never succeed is not tried again', async () => {
  const { faulty, backend, clock } = setting();
  faulty.fail('save', never);
  await expect(backend.save(PACK, BYTES)).rejects.toBe(never);
  faulty.fail('save', new Error('a bug'));
  await expect(backend.save(PACK, BYTES)).rejects.toThrow('a bug');
  expect(clock.sleeps).toEqual([]);
});

test('a save that arrived although its answer was lost succeeds', async () => {
  const { faulty, backend } = setting();
  faulty.fail('save', later).afterwards();
  await backend.save(PACK, BYTES);
  expect(faulty.mutations.map(({ operation }) => operation)).toEqual(['save']);
});

test('a file that holds other bytes is not taken for the one just sent', async () => {
  const { store, faulty, backend } = setting();
  store.tamper(PACK, Uint8Array.of(1, 2));
  faulty.fail('save', later);
  await expect(backend.save(PACK, BYTES)).rejects.toMatchObject({ code: 'BACKEND_FILE_EXISTS' });
});

test('a removal whose answer was lost succeeds', async () => {
  const { faulty, backend, store } = setting();
  await backend.save(PACK, BYTES);
  faulty.fail('remove', later).afterwards();
  await backend.remove(PACK);
  expect(store.files().size).toBe(0);
});

test('a listing that breaks off goes on without leaving out or repeating a file', async () => {
  const { faulty, backend } = setting();
  const files = Array.from({ length: 9 }, (_, i) => Uint8Array.of(i));
  for (const bytes of files) await backend.save(handleOf('index', bytes), bytes);
  faulty.fail('list', later).afterwards().repeat(2);
  const names = (await Array.fromAsync(backend.list('index'))).map(({ name }) => name);
  expect(names.sort()).toEqual(files.map((bytes) => handleOf('index', bytes).name).sort());
  faulty.fail('list', never).afterwards();
  await expect(Array.fromAsync(backend.list('index'))).rejects.toBe(never);
});

test('an abort during a pause ends it with its reason', async () => {
  const { faulty } = setting();
  const controller = new AbortController();
  const reason = new Error('enough');
  const clock = new FakeClock();
  const backend = withRetry(faulty, {
    clock,
    random: systemRandom,
    onRetry: () => controller.abort(reason),
  });
  faulty.fail('load', later).repeat(5);
  await expect(backend.load(PACK, { signal: controller.signal })).rejects.toBe(reason);
  expect(clock.sleeps).toEqual([]);
});
