import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';
import { Life } from '../../../test/support/life.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';

test('what a step of an update started is stopped again before anything is moved back', async () => {
  await using lab = await openGuardLab();
  const before = lab.tree();
  const pieces = [...lab.update(), () => void (lab.service.isRunning = true)];
  const failed = lab.guard({ kind: 'update', pieces, exitCode: 1 });
  await expect(failed).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  expect(lab.violations).toEqual([]);
  expect(lab.tree()).toEqual(before);
});

test('a command that takes the program away that stops the app does not end the way back', async () => {
  await using lab = await openGuardLab();
  const before = lab.tree();
  const control = lab.service.control(new Life());
  const gone = new KeepsakeError('HOST_PROGRAM_FAILED', { program: 'stop', reason: 'it is gone' });
  let isThere = true;
  const stop: typeof control.stop = (limits) =>
    isThere ? control.stop(limits) : Promise.reject(gone);
  const openService = () => ({ ...control, stop });
  const removal = (): void => {
    rmSync(lab.in('code'), { recursive: true });
    isThere = false;
  };
  const guarding = (startsIt: boolean) => {
    isThere = true;
    const pieces = [removal, () => void (lab.service.isRunning = startsIt)];
    return lab.guard({ pieces, exitCode: 1, machine: { openService } });
  };
  await expect(guarding(false)).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  expect(lab.tree()).toEqual(before);
  // Not while the app is seen to run.
  await expect(guarding(true)).rejects.toMatchObject({ code: 'CHANGE_STUCK' });
});
