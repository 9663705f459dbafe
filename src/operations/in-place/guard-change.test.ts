import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';

test('no command runs where a database is still written to after the stop: its copy would be torn', async () => {
  await using lab = await openGuardLab();
  const wal = `${lab.backup.app.database}-wal`;
  let isWriting = true;
  const write = (): void => {
    if (!isWriting) return;
    appendFileSync(wal, 'x');
    setImmediate(write);
  };
  // When the copies that were made while the app served are on the disk. A copy takes some time.
  const syncFileSystem = () => {
    appendFileSync(wal, new Uint8Array(8 << 20));
    return Promise.resolve(write());
  };
  const ran: string[] = [];
  const guarding = lab.guard({ pieces: [() => void ran.push('ran')], machine: { syncFileSystem } });
  await expect(guarding).rejects.toThrow('still writes to it');
  isWriting = false;
  expect(ran).toEqual([]);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
});
