/** Which locks are removed on request. */
import { expect, test } from 'vitest';
import { utf8Encode } from '../base/bytes.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { executeUnlock, planUnlock } from './stored-locks.ts';
import { startLockLab } from '../../test/support/lock-lab.ts';

const MINUTE = 60_000;

test('unlock removes old locks and those of dead processes here, and keeps the others', async () => {
  const { process, take, clock, locks, dead, backend, mem } = await startLockLab();
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
  const { process, take, clock, backend } = await startLockLab();
  const lost = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  await take(process({ hostname: 'other' }));
  backend.fail('save', lost).repeat(100);
  await clock.advance(29 * MINUTE);
  expect((await planUnlock(process(), { all: false })).remove).toEqual([]);
  await clock.advance(2 * MINUTE);
  const { remove } = await planUnlock(process(), { all: false });
  expect(remove.map(({ reason }) => reason)).toEqual(['old']);
});
