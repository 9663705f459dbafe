import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { openVerifyPlace } from './verify-place.ts';

const MORE_THAN_ANY_DISK = 2 ** 60;

function workbenchIn(scratchFolder: string) {
  const self = { hostname: 'h', username: 'u', uid: 0, gid: 0, pid: process.pid };
  return { clock: systemClock, self: { ...self, isAlive: () => true }, scratchFolder };
}

test('without room for the whole snapshot nothing is begun, and scratch is left empty', async () => {
  await using dir = await tempFolder();
  const scratch = dir.join('scratch');
  const opening = openVerifyPlace(workbenchIn(scratch), {
    keep: undefined,
    sizeBytes: MORE_THAN_ANY_DISK,
  });
  await expect(opening).rejects.toMatchObject({ code: 'VERIFY_NO_SPACE' });
  expect(readdirSync(scratch)).toEqual([]);
  const kept = openVerifyPlace(workbenchIn(scratch), {
    keep: dir.join('kept'),
    sizeBytes: MORE_THAN_ANY_DISK,
  });
  await expect(kept).rejects.toMatchObject({ code: 'VERIFY_NO_SPACE' });
});

test('the scratch folder goes with the place, whatever modes were restored; a kept one stays', async () => {
  await using dir = await tempFolder();
  const scratch = dir.join('scratch');
  {
    await using place = await openVerifyPlace(workbenchIn(scratch), {
      keep: undefined,
      sizeBytes: 1,
    });
    mkdirSync(join(place.path, 'sub'), { recursive: true });
    writeFileSync(join(place.path, 'sub', 'file'), 'x');
    mkdirSync(join(place.path, 'closed'), { mode: 0o500 });
  }
  expect(readdirSync(scratch)).toEqual([]);
  const keep = dir.join('kept');
  {
    await using place = await openVerifyPlace(workbenchIn(scratch), { keep, sizeBytes: 1 });
    writeFileSync(join(place.path, 'file'), 'x');
  }
  expect(readdirSync(keep)).toEqual(['file']);
  const again = openVerifyPlace(workbenchIn(scratch), { keep, sizeBytes: 1 });
  await expect(again).rejects.toMatchObject({ code: 'VERIFY_KEEP_NOT_EMPTY' });
});
