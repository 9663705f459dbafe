/** Who gets a lock beside which others, and how long somebody waits for one. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createLabIn } from '../../test/support/repository-lab.ts';
import type { Backend, CallOptions, FileHandle, FileKind, ListedFile } from '../backend/backend.ts';
import { createMemBackend } from '../backend/mem-backend.ts';
import { WrappedBackend } from '../backend/wrapped-backend.ts';
import { utf8Encode } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { acquireLock } from './lock.ts';
import { startLockLab } from '../../test/support/lock-lab.ts';

const MINUTE = 60_000;

const exclusive = { exclusive: true };

test('shared locks stand beside each other, and disposing removes just its own', async () => {
  const { process, take, locks } = await startLockLab();
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
  const { process, take, locks, clock } = await startLockLab();
  await using _held = await take(process(), { exclusive: first });
  await clock.advance(3 * MINUTE);
  const refused = take(process({ pid: 101 }), { exclusive: second });
  await expect(refused).rejects.toThrow(
    /locked by PID 100 of root on nas, 3 min ago \(2026-01-01 00:00:00 UTC\)/,
  );
  expect(await locks()).toHaveLength(1);
});

test('a wait ends when the other lock goes, and was announced once', async () => {
  const { process, take, clock, locks } = await startLockLab();
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
  const { process, take, clock } = await startLockLab();
  await using _held = await take(process());
  const startMs = clock.monotonicMs();
  const waiting = take(process({ pid: 101 }), { exclusive: true, waitMs: 30_000 });
  await expect(waiting).rejects.toMatchObject({ code: 'REPOSITORY_LOCKED', exitCode: 11 });
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(30_000);
  expect(clock.monotonicMs() - startMs).toBeLessThan(31_000);
});

test('two that ask for the exclusive lock at the same moment both get it, one after the other', async () => {
  const { process, clock, locks } = await startLockLab();
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
  const { process, take, clock } = await startLockLab();
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
  const { process, take, clock, locks } = await startLockLab();
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
  const { process, take, backend, locks } = await startLockLab();
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
  const { take, locks, dead } = await startLockLab();
  await take(dead(), exclusive); // never given back: its process was killed
  await using _mine = await take(dead({ pid: 100 }), exclusive);
  expect((await locks()).map(({ lock }) => lock?.pid)).toEqual([100]);
});

test.each([
  ['of another PID namespace', { pidNamespace: 'pid:[2]' }],
  ['of another host', { hostname: 'other' }],
  ['without a PID namespace, such as restic’s', { pidNamespace: undefined }],
])('a lock %s is never removed unasked, however dead', async (_, facts) => {
  const { take, locks, dead } = await startLockLab();
  await take(dead(facts), exclusive);
  const refused = take(dead({ pid: 100 }), exclusive);
  await expect(refused).rejects.toMatchObject({ code: 'REPOSITORY_LOCKED' });
  expect(await locks()).toHaveLength(1);
});

test('a lock that cannot be read refuses, and says how to remove it', async () => {
  const { process, take, mem, locks } = await startLockLab();
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
  const { process, take, backend, mem } = await startLockLab();
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
  const { process, clock } = await startLockLab();
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
