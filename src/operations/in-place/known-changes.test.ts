import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';
import { Life } from '../../../test/support/life.ts';

test('a guard that was cut off is in the way of the next one, also when the state folder is lost', async () => {
  await using lab = await openGuardLab();
  const app = lab.app({ root: lab.root });
  const life = new Life();
  await expect(lab.guard({ app, life, pieces: [() => life.end()] })).rejects.toThrow();
  rmSync(lab.state, { recursive: true });
  const again = lab.guard({ app });
  await expect(again).rejects.toMatchObject({ code: 'CHANGE_UNFINISHED' });
  // It cannot be finished.
  await expect(again).rejects.not.toMatchObject({ hint: expect.stringContaining('--resume') });
});
