import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';

test('where a part of the copies is gone nothing is rolled back: the rest would be a mix', async () => {
  await using lab = await openGuardLab();
  const { keptIn } = await lab.guard();
  const after = lab.tree();
  rmSync(join(keptIn[0] ?? '', 'old', lab.in('data')), { recursive: true });
  const rolling = lab.rollBack({ unreachable: true });
  await expect(rolling).rejects.toMatchObject({ code: 'CHANGE_NONE' });
  expect(lab.tree()).toEqual(after);
});
