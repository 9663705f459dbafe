import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';
import type { GuardInput } from './guard-input.ts';
import { planGuard } from './plan-guard.ts';

test('a file system mounted in the code that holds nothing of the app is named: it does not go back', async () => {
  await using lab = await openGuardLab();
  const mount = lab.in('code', 'lib');
  const machine = lab.machine({ machine: { mountPoints: () => new Set([mount, '/']) } });
  const commitOf = () => Promise.resolve(undefined);
  const input = { app: lab.app(), kind: 'guard', part: 'all', commitOf } as unknown as GuardInput;
  const context = { workbench: lab.workbench(), machine, input, id: '00000001', own: [] };
  const { notes } = await planGuard({ ...context, choice: { steps: [] } });
  expect(notes.map(({ message }) => message)).toEqual([
    `${mount} is another file system and is not protected: what is done there stays`,
  ]);
});
