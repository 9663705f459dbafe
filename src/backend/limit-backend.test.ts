import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { FileHandle } from './backend.ts';
import { describeBackend } from './backend-suite.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import { withLimits } from './limit-backend.ts';
import { createMemBackend } from './mem-backend.ts';
import { WrappedBackend } from './wrapped-backend.ts';

const MIB = new Uint8Array(1 << 20);

describeBackend('limits', async () =>
  withLimits(createMemBackend(), {
    connections: 1,
    clock: new FakeClock(),
    uploadBytesPerSecond: 1000,
    downloadBytesPerSecond: 1000,
  }),
);

/** Its calls end when the test says so. */
class HeldBackend extends WrappedBackend {
  underWay = 0;
  highest = 0;
  readonly #gate = Promise.withResolvers<void>();

  constructor() {
    super(createMemBackend());
  }

  release(): void {
    this.#gate.resolve();
  }

  override async save(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    this.underWay += 1;
    this.highest = Math.max(this.highest, this.underWay);
    if (handle.kind !== 'lock') await this.#gate.promise;
    await this.inner.save(handle, bytes);
    this.underWay -= 1;
  }
}

test('no more than the allowed calls are under way, and locks go past them', async () => {
  const held = new HeldBackend();
  const backend = withLimits(held, { connections: 2, clock: new FakeClock() });
  expect(backend.connections).toBe(2);
  const files = Array.from({ length: 6 }, (_, i) => Uint8Array.of(i));
  const saves = files.map((bytes) => backend.save(handleOf('pack', bytes), bytes));
  await expect.poll(() => held.underWay).toBe(2);
  await backend.save(handleOf('lock', MIB), Uint8Array.of(1));
  expect(held.underWay).toBe(2);
  held.release();
  await Promise.all(saves);
  expect(held.highest).toBe(3); // two packs and the lock
});

test('a call aborted while it waits for its place does nothing', async () => {
  const held = new HeldBackend();
  const backend = withLimits(held, { connections: 1, clock: new FakeClock() });
  const controller = new AbortController();
  const reason = new Error('enough');
  const first = backend.save(handleOf('pack', MIB), MIB);
  const waiting = backend.save(handleOf('pack', Uint8Array.of(1)), Uint8Array.of(1), {
    signal: controller.signal,
  });
  controller.abort(reason);
  held.release();
  await first;
  await expect(waiting).rejects.toBe(reason);
  expect(await Array.fromAsync(backend.list('pack'))).toHaveLength(1);
});

test('uploads and downloads each keep to their bytes per second', async () => {
  const clock = new FakeClock();
  const store = createMemBackend();
  const backend = withLimits(store, {
    connections: 1,
    clock,
    uploadBytesPerSecond: 1 << 20,
    downloadBytesPerSecond: 4 << 20,
  });
  const names = ['aa', 'bb', 'cc', 'dd'].map((start) => start.repeat(32));
  const start = clock.monotonicMs();
  for (const name of names) await backend.save({ kind: 'pack', name }, MIB);
  expect(clock.monotonicMs() - start).toBe(3000); // the fourth may still be on its way
  const half = clock.monotonicMs();
  for (const name of names) await backend.load({ kind: 'pack', name });
  expect(clock.monotonicMs() - half).toBe(750);
  await backend.save({ kind: 'lock', name: names[0] ?? '' }, MIB);
  expect(clock.monotonicMs() - half).toBe(750);
});

test('time that passed by itself counts', async () => {
  const clock = new FakeClock();
  const backend = withLimits(createMemBackend(), {
    connections: 1,
    clock,
    uploadBytesPerSecond: 1 << 20,
  });
  await backend.save({ kind: 'pack', name: 'aa'.repeat(32) }, MIB);
  clock.advance(400);
  await backend.save({ kind: 'pack', name: 'bb'.repeat(32) }, MIB);
  expect(clock.sleeps).toEqual([600]);
});
