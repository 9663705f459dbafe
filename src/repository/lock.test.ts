import { expect, test } from 'vitest';
import { FaultyBackend } from '../../test/support/faulty-backend.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createLabIn, selfFacts } from '../../test/support/repository-lab.ts';
import type { Backend, CallOptions, FileHandle, FileKind, ListedFile } from '../backend/backend.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { WrappedBackend } from '../backend/wrapped-backend.ts';
import { utf8Encode } from '../base/bytes.ts';
import { systemRandom } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { HeldLock, LockDependencies } from './held-lock.ts';
import { acquireLock, type LockOptions } from './lock.ts';
import type { ProcessFacts } from './lock-holder.ts';
import { executeUnlock, listLocks, planUnlock } from './stored-locks.ts';

const MINUTE = 60_000;

async function startLab() {
  const clock = new ManualClock();
  const mem = createMemBackend();
  const { open } = await createLabIn({ backend: mem, clock });
  const { files } = await open();
  const backend = new FaultyBackend(mem);
  const { files: faultyFiles } = await open(backend);
  const process = (facts: Partial<ProcessFacts> = {}): LockDependencies => ({
    backend,
    files: faultyFiles,
    clock,
    random: systemRandom,
    self: { ...selfFacts, ...facts },
  });
  const take = (who: LockDependencies, options: Partial<LockOptions> = {}): Promise<HeldLock> =>
    clock.run(acquireLock(who, { exclusive: false, waitMs: 0, ...options }));
  const locks = () => Array.fromAsync(listLocks({ backend: mem, files }));
  const dead = (facts: Partial<ProcessFacts> = {}) =>
    process({ pid: 55, isAlive: (pid) => pid !== 55, ...facts });
  return { clock, mem, backend, process, take, locks, dead };
}

const exclusive = { exclusive: true };

test('shared locks stand beside each other, and disposing removes just its own', async () => {
  const { process, take, locks } = await startLab();
  const first = await take(process());
  const second = await take(process({ pid: 101 }));
  expect(await locks()).toHaveLength(2);
  await first[Symbol.asyncDispose]();
  expect((await locks()).map(({ lock }) => lock?.pid)).toEqual([101]);
  await second[Symbol.asyncDispose]();
  expect(await locks()).toEqual([]);
});

test.each([
  ['an exclusive lock refuses a shared one', true, false],
  ['a shared lock refuses an exclusive one', false, true],
  ['an exclusive lock refuses another', true, true],
])('%s, naming the holder, and leaves no lock behind', async (_, first, second) => {
  const { process, take, locks, clock } = await startLab();
  await using _held = await take(process(), { exclusive: first });
  await clock.advance(3 * MINUTE);
  const refused = take(process({ pid: 101 }), { exclusive: second });
  await expect(refused).rejects.toThrow(
    /locked by PID 100 of root on nas, 3 min ago \(2026-01-01 00:00:00 UTC\)/,
  );
  expect(await locks()).toHaveLength(1);
});

test('a wait ends when the other lock goes, and was announced once', async () => {
  const { process, take, clock, locks } = await startLab();
  const held = await take(process());
  const heard: string[] = [];
  const waiting = acquireLock(process({ pid: 101 }), {
    exclusive: true,
    waitMs: MINUTE,
    onWait: ({ code }) => heard.push(code),
  });
  await clock.advance(20_000);
  expect(await locks()).toHaveLength(1);
  await held[Symbol.asyncDispose]();
  await using _second = await clock.run(waiting);
  expect(heard).toEqual(['REPOSITORY_LOCKED']);
  expect((await locks()).map(({ lock }) => lock?.exclusive)).toEqual([true]);
});

test('a wait gives up after the time it was given', async () => {
  const { process, take, clock } = await startLab();
  await using _held = await take(process());
  const startMs = clock.monotonicMs();
  const waiting = take(process({ pid: 101 }), { exclusive: true, waitMs: 30_000 });
  await expect(waiting).rejects.toMatchObject({ code: 'REPOSITORY_LOCKED', exitCode: 11 });
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(30_000);
  expect(clock.monotonicMs() - startMs).toBeLessThan(31_000);
});

test('two that ask for the exclusive lock at the same moment both get it, one after the other', async () => {
  const { process, clock, locks } = await startLab();
  let holders = 0;
  const use = async (pid: number) => {
    const held = await acquireLock(process({ pid }), { exclusive: true, waitMs: 10 * MINUTE });
    holders += 1;
    expect(holders).toBe(1);
    await clock.sleep(5_000);
    holders -= 1;
    await held[Symbol.asyncDispose]();
  };
  await clock.run(Promise.all([use(101), use(102), use(103)]));
  expect(await locks()).toEqual([]);
});

test('pauses between tries differ by chance, so that two in step fall out of it', async () => {
  const { process, take, clock } = await startLab();
  await using _held = await take(process());
  const pausesWith = async (byte: number) => {
    const pauses: number[] = [];
    const random = () => Uint8Array.of(byte);
    const sleep: typeof clock.sleep = (durationMs, options) => {
      pauses.push(durationMs);
      return clock.sleep(durationMs, options);
    };
    const listening = {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      sleep,
    };
    const who = { ...process({ pid: 101 }), clock: listening, random };
    await take(who, { exclusive: true, waitMs: 3_000 }).catch(() => {});
    return pauses;
  };
  expect((await pausesWith(0)).slice(0, 3)).toEqual([250, 500, 1000]);
  expect((await pausesWith(255)).slice(0, 2)).toEqual([750, 1500]);
});

test('an abort while waiting ends the wait with its reason', async () => {
  const { process, take, clock, locks } = await startLab();
  await using _held = await take(process(), exclusive);
  const stop = new AbortController();
  const waiting = acquireLock(process(), {
    exclusive: false,
    waitMs: MINUTE,
    signal: stop.signal,
  });
  waiting.catch(() => {});
  await clock.advance(1000);
  const reason = new KeepsakeError('CANCELLED', { reason: 'Ctrl-C' });
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await locks()).toHaveLength(1);
});

test('when the second look fails, the lock just written goes again', async () => {
  const { process, take, backend, locks } = await startLab();
  const unreachable = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  const first = await take(process());
  backend.fail('load', unreachable).on(({ kind }) => kind === 'lock');
  await expect(take(process({ pid: 101 }))).rejects.toBe(unreachable);
  expect(await locks()).toHaveLength(1);
  await first[Symbol.asyncDispose]();
  let lists = 0;
  backend.fail('list', unreachable).on(() => (lists += 1) === 2);
  await expect(take(process())).rejects.toBe(unreachable);
  expect(await locks()).toEqual([]);
});

test('the lock of a dead process of this host and PID namespace is removed unasked', async () => {
  const { take, locks, dead } = await startLab();
  await take(dead(), exclusive); // never given back: its process was killed
  await using _mine = await take(dead({ pid: 100 }), exclusive);
  expect((await locks()).map(({ lock }) => lock?.pid)).toEqual([100]);
});

test.each([
  ['of another PID namespace', { pidNamespace: 'pid:[2]' }],
  ['of another host', { hostname: 'other' }],
  ['without a PID namespace, such as restic’s', { pidNamespace: undefined }],
])('a lock %s is never removed unasked, however dead', async (_, facts) => {
  const { take, locks, dead } = await startLab();
  await take(dead(facts), exclusive);
  const refused = take(dead({ pid: 100 }), exclusive);
  await expect(refused).rejects.toMatchObject({ code: 'REPOSITORY_LOCKED' });
  expect(await locks()).toHaveLength(1);
});

test('a lock that cannot be read refuses, and says how to remove it', async () => {
  const { process, take, mem, locks } = await startLab();
  mem.tamper({ kind: 'lock', name: 'ab'.repeat(32) }, utf8Encode('garbage'));
  const refused = take(process(), { waitMs: MINUTE });
  await expect(refused).rejects.toMatchObject({
    code: 'REPOSITORY_LOCK_UNREADABLE',
    exitCode: 11,
    hint: expect.stringContaining('unlock --remove-all') as string,
  });
  expect(await locks()).toHaveLength(1);
});

/** Another's lock, of which the next looks find the name and no file. */
async function startVanishing(looks: number) {
  const { process, take, backend, mem } = await startLab();
  const other = await take(process(), exclusive);
  const [listed] = await Array.fromAsync(mem.list('lock'));
  const name = listed?.name ?? '';
  const gone = new KeepsakeError('BACKEND_FILE_NOT_FOUND', { location: 'x', file: name });
  backend
    .fail('load', gone)
    .repeat(looks)
    .on((handle) => handle.name === name);
  return { take: () => take(process({ pid: 101 })), other, name };
}

test('a lock that vanishes while it is looked at does not refuse', async () => {
  const { take, other, name } = await startVanishing(3);
  await using mine = await take();
  expect(mine.isOwn(name)).toBe(false);
  await other[Symbol.asyncDispose]();
});

test('a lock that one look misses, because it is just being replaced, refuses all the same', async () => {
  const { take, other } = await startVanishing(2);
  await expect(take()).rejects.toMatchObject({ code: 'REPOSITORY_LOCKED' });
  await other[Symbol.asyncDispose]();
});

/** Shows a lock only when it is 150 ms old. */
class LaggingBackend extends WrappedBackend {
  readonly #clock: ManualClock;
  readonly #shownAtMs = new Map<string, number>();

  constructor(inner: Backend, clock: ManualClock) {
    super(inner);
    this.#clock = clock;
  }

  override async save(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    await this.inner.save(handle, bytes);
    this.#shownAtMs.set(handle.name, this.#clock.monotonicMs() + 150);
  }

  override async *list(kind: FileKind): AsyncGenerator<ListedFile> {
    for await (const file of this.inner.list(kind)) {
      if (this.#clock.monotonicMs() >= (this.#shownAtMs.get(file.name) ?? 0)) yield file;
    }
  }

  override listsAtOnce(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

test('where listings lag, two that ask for the exclusive lock at the same moment do not both get it', async () => {
  const clock = new ManualClock();
  const backend = new LaggingBackend(createMemBackend(), clock);
  const { open } = await createLabIn({ backend, clock });
  const { lockDependencies } = await open();
  const ask = () => acquireLock(lockDependencies, { exclusive: true, waitMs: 0 });
  const asked = await clock.run(Promise.allSettled([ask(), ask()]));
  expect(asked.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2);
});

test('where a listing shows at once what was saved, a lock takes no time', async () => {
  const { process, clock } = await startLab();
  const slept: number[] = [];
  const listening = {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (durationMs: number, options?: CallOptions) => {
      slept.push(durationMs);
      return clock.sleep(durationMs, options);
    },
  };
  const asked = acquireLock({ ...process(), clock: listening }, { ...exclusive, waitMs: 0 });
  await using _held = await clock.run(asked);
  expect(slept).toEqual([5 * MINUTE]); // until the first refresh
});

test('a held lock is written anew every five minutes, never leaving the store without one', async () => {
  const { process, take, clock, locks, backend } = await startLab();
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
  const { process, take, clock, backend } = await startLab();
  await using held = await take(process());
  const unreachable = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  backend.fail('save', unreachable).repeat(100);
  await clock.advance(19 * MINUTE);
  held.assertFresh();
  await clock.advance(2 * MINUTE);
  expect(() => held.assertFresh()).toThrow(/could not be refreshed since 2[01] min ago/);
});

test('a refresh that fails now and then does no harm, and an old lock that would not go goes later', async () => {
  const { process, take, clock, backend, locks } = await startLab();
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
  const { process, take, clock } = await startLab();
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

test('unlock removes old locks and those of dead processes here, and keeps the others', async () => {
  const { process, take, clock, locks, dead, backend, mem } = await startLab();
  await take(dead({ hostname: 'other' })); // old by then
  await clock.advance(31 * MINUTE);
  await take(dead({ pidNamespace: undefined })); // as restic writes them: dead all the same
  await take(process({ pid: 101 }));
  await take(process({ pid: 102, hostname: 'other' }));
  mem.tamper({ kind: 'lock', name: 'ab'.repeat(32) }, utf8Encode('garbage'));
  const plan = await planUnlock(dead({ pid: 100 }), { all: false });
  const shown = (entries: typeof plan.keep) =>
    entries.map(({ lock, reason }) => `${lock?.pid} ${lock?.hostname} ${reason}`).toSorted();
  // The first one refreshed itself: it stands for a process that lives elsewhere.
  expect(shown(plan.remove)).toEqual(['55 nas dead']);
  expect(shown(plan.keep)).toEqual([
    '101 nas in-use',
    '102 other in-use',
    '55 other in-use',
    'undefined undefined unreadable',
  ]);
  await executeUnlock({ backend }, plan);
  expect(await locks()).toHaveLength(4);
  const all = await planUnlock(process(), { all: true });
  expect(all.keep).toEqual([]);
  await executeUnlock({ backend }, all);
  expect(await locks()).toEqual([]);
});

test('a lock that nobody refreshed for 30 minutes is old, on whatever host', async () => {
  const { process, take, clock, backend } = await startLab();
  const lost = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  await take(process({ hostname: 'other' }));
  backend.fail('save', lost).repeat(100);
  await clock.advance(29 * MINUTE);
  expect((await planUnlock(process(), { all: false })).remove).toEqual([]);
  await clock.advance(2 * MINUTE);
  const { remove } = await planUnlock(process(), { all: false });
  expect(remove.map(({ reason }) => reason)).toEqual(['old']);
});
