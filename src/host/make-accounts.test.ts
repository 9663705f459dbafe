import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRoot, requireTool } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemClock } from '../base/clock.ts';
import { parseAccount } from './accounts.ts';
import { accountMaker, groupaddArgv, useraddArgv } from './make-accounts.ts';

const account = { name: 'wishlist', home: '/opt/wish list', shell: '/usr/sbin/nologin' };
const maker = accountMaker({ clock: systemClock, environment: { PATH: '/usr/bin:/bin' } });

test.skipIf(!requireRoot() || !requireTool('useradd'))(
  'useradd and groupadd make what was asked for: tried in a folder of its own (--prefix)',
  async () => {
    await using dir = await tempFolder();
    mkdirSync(dir.join('etc'));
    for (const name of ['passwd', 'group', 'shadow', 'gshadow']) {
      writeFileSync(dir.join('etc', name), '');
    }
    const there = ([program = '', ...args]: string[]) => [program, '--prefix', dir.path, ...args];
    const lines = (name: string) => readFileSync(dir.join('etc', name), 'utf8');
    await maker.make(there(groupaddArgv({ name: 'wishlist', gid: 997 })));
    await maker.make(there(useraddArgv({ ...account, uid: 998, group: 'wishlist' })));
    const made = parseAccount(lines('passwd'), 'wishlist');
    expect(made).toEqual({ ...account, uid: 998, gid: 997 });
    expect(lines('shadow')).toMatch(/^wishlist:!/);
    const other = { ...account, name: 'other', uid: undefined, group: undefined };
    await maker.make(there(useraddArgv(other)));
    expect(lines('group')).toContain('other:x:');
    const again = maker.make(there(groupaddArgv({ name: 'wishlist', gid: undefined })));
    await expect(again).rejects.toMatchObject({
      code: 'HOST_ACCOUNT_NOT_MADE',
      message: expect.stringContaining("group 'wishlist' already exists") as string,
    });
  },
);

test('where a number is taken none is asked for', () => {
  expect(groupaddArgv({ name: 'a', gid: undefined })).toEqual(['groupadd', '--system', 'a']);
  const argv = useraddArgv({ ...account, uid: undefined, group: 'a' });
  expect(argv).not.toContain('--uid');
});

test('a machine without these programs is told', async () => {
  const gone = maker.make(['no-such-useradd', 'wishlist']);
  await expect(gone).rejects.toMatchObject({ code: 'HOST_PROGRAM_FAILED' });
});
