import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { systemError } from '../../../test/support/durable-file-layer.ts';
import { interceptFileLayer } from '../../../test/support/intercepted-file-layer.ts';
import { plainJournal } from '../../../test/support/plain-journal.ts';
import { requireRoot } from '../../../test/support/require-tool.ts';
import { smallDisk } from '../../../test/support/small-disk.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { beginChange } from './begin-change.ts';
import { changeFileLayer } from './change-files.ts';
import { thisMachine } from './change-machine.ts';
import { findSwapRoots } from './swap-roots.ts';

/** An app with its data in `srv/data`, and a restore of it that is about to begin. */
async function openLab() {
  const dir = await tempFolder();
  const data = dir.join('srv', 'data');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'prod.db'), 'rows');
  const machine = thisMachine({
    stateFolder: dir.join('state'),
    clock: systemClock,
    environment: {},
  });
  const fieldsOf = (path: string, within: string) => {
    const wanted = [{ path, within }];
    const mountPoints = machine.mountPoints();
    const found = findSwapRoots({ id: '00000001', wanted, mountPoints, takesMount: () => true });
    return plainJournal(found);
  };
  return { dir, data, machine, fieldsOf };
}

test('a change that cannot begin, for want of room at its n-th call, leaves nothing behind', async () => {
  const { dir, data, machine, fieldsOf } = await openLab();
  await using _dir = dir;
  for (let n = 1; ; n += 1) {
    let calls = 0;
    const files = interceptFileLayer(changeFileLayer, ({ name, path }) => {
      if (!['createFile', 'write', 'makeFolder', 'sync'].includes(name)) return;
      calls += 1;
      if (calls === n) throw systemError('ENOSPC', path);
    });
    const begun = beginChange({ ...machine, files }, fieldsOf(data, data));
    const error: unknown = await begun.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) {
      expect(n).toBeGreaterThan(8);
      break;
    }
    expect(error).toMatchObject({ code: 'CHANGE_PLACE_UNUSABLE' });
    expect(readdirSync(dir.join('srv'))).toEqual(['data']);
  }
  const [place = ''] = readdirSync(dir.join('srv'));
  expect(readdirSync(dir.join('srv', place)).sort()).toEqual(['journal.json', 'reserve']);
});

test.skipIf(!requireRoot())(
  'what cannot be swapped by renaming, as below a read-only mount, is told before there is a journal',
  async () => {
    const { dir, data, machine, fieldsOf } = await openLab();
    await using _dir = dir;
    await using disk = await smallDisk(data, '1m');
    writeFileSync(join(data, 'prod.db'), 'rows');
    const fields = fieldsOf(join(data, 'prod.db'), data);
    // As of a subvolume that the table of mounts does not name.
    const elsewhere = dir.join('srv', '.keepsake-restore-00000001');
    const across = {
      ...fields,
      roots: fields.roots.map((root) => ({ ...root, place: elsewhere })),
    };
    const refusal = { code: 'CHANGE_PLACE_UNUSABLE', details: { folders: [data] } };
    await expect(beginChange(machine, across)).rejects.toMatchObject(refusal);
    await disk.resize('1m,ro');
    await expect(beginChange(machine, fields)).rejects.toMatchObject(refusal);
    expect(readdirSync(data)).toEqual(['prod.db']);
  },
);

test.skipIf(!requireRoot())(
  'somebody who may not write beside the app is told so, and nothing is left there',
  async () => {
    const { dir, data, machine, fieldsOf } = await openLab();
    await using _dir = dir;
    chmodSync(dir.path, 0o755);
    process.seteuid?.(65_534);
    try {
      await expect(beginChange(machine, fieldsOf(data, data))).rejects.toMatchObject({
        code: 'CHANGE_PLACE_UNUSABLE',
        message: expect.stringContaining('EACCES') as string,
      });
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync(dir.join('srv'))).toEqual(['data']);
  },
);
