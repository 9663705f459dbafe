import {
  appendFileSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

test('a database that is not sound is found where a link leads that the command pointed elsewhere', async () => {
  await using lab = await openGuardLab();
  const link = lab.in('current');
  symlinkSync('data', link);
  const app = lab.app({ paths: [link], databases: [lab.in('current', 'prod.db')] });
  const pieces = [
    () => mkdirSync(lab.in('next')),
    () => writeFileSync(lab.in('next', 'prod.db'), 'no database'),
    () => rmSync(link),
    () => symlinkSync('next', link),
  ];
  await expect(lab.guard({ app, pieces })).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  expect(readlinkSync(link)).toBe('data');
});
