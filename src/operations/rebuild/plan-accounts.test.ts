import { expect, test } from 'vitest';
import { parseAccounts, type AccountTables } from '../../host/accounts.ts';
import type { AccountMaker } from '../../host/make-accounts.ts';
import { makeAccounts, planAccounts } from './plan-accounts.ts';

const machine = {
  config: { path: '/etc/keepsake/keepsake.yaml', mode: 0o600, uid: 0, gid: 0 },
  users: [
    {
      name: 'wishlist',
      uid: 998,
      gid: 996,
      group: 'wishlist',
      home: '/opt/wishlist',
      shell: '/bin/sh',
    },
  ],
  groups: [{ name: 'media', gid: 1500 }],
};

function tablesOf(passwd: string, group: string): AccountTables {
  return { users: parseAccounts(passwd), groups: parseAccounts(group) };
}

/** A machine that has what was made in it, with the numbers `given` where none is asked for. */
function makerOf(passwd: string, group: string, given = 500) {
  const texts = { useradd: passwd, groupadd: group };
  const made: string[] = [];
  const maker: AccountMaker = {
    tables: () => tablesOf(texts.useradd, texts.groupadd),
    make(argv) {
      made.push(argv.join(' '));
      const [program, name = ''] = [argv[0] as 'useradd' | 'groupadd', argv.at(-1)];
      const id = /--uid (\d+)|groupadd.*--gid (\d+)/.exec(argv.join(' '));
      texts[program] += `${name}:x:${id?.[1] ?? id?.[2] ?? given}:0\n`;
      return Promise.resolve();
    },
  };
  return { maker, made };
}

test('on an empty machine groups and then users are made with the numbers they had', async () => {
  const { maker, made } = makerOf('root:x:0:0\n', 'root:x:0\n');
  const planned = planAccounts(machine, maker.tables());
  expect(planned.map(({ state }) => state)).toEqual(['new', 'new', 'new']);
  const { problems, hasMoved } = await makeAccounts(planned, maker);
  expect([problems, hasMoved]).toEqual([[], false]);
  expect(made).toEqual([
    'groupadd --system --gid 996 wishlist',
    'groupadd --system --gid 1500 media',
    'useradd --system --no-create-home --uid 998 --gid wishlist --home-dir /opt/wishlist --shell /bin/sh wishlist',
  ]);
});

test('what a number owned that is taken here goes to the new number, and all else stays', async () => {
  const { maker, made } = makerOf('other:x:998:998\n', 'wishlist:x:77\nmedia:x:1500\n');
  const planned = planAccounts(machine, maker.tables());
  expect(planned.map(({ state }) => state)).toEqual(['there', 'there', 'taken']);
  const { ownerOf, hasMoved } = await makeAccounts(planned, maker);
  expect(made).toHaveLength(1);
  expect(made[0]).not.toContain('--uid');
  expect(hasMoved).toBe(true);
  expect(ownerOf({ uid: 998, gid: 996 })).toEqual({ uid: 500, gid: 77 });
  expect(ownerOf({ uid: 0, gid: 1500 })).toEqual({ uid: 0, gid: 1500 });
});

test('what cannot be made is told, with the line that makes it, and changes no owner', async () => {
  const { maker } = makerOf('', 'media:x:1500\n');
  const broken = { ...maker, make: () => Promise.reject(new Error('no useradd')) };
  const { problems, ownerOf } = await makeAccounts(planAccounts(machine, maker.tables()), broken);
  expect(problems.map(({ account, why }) => `${account}: ${why}`)).toEqual([
    'group wishlist: no useradd',
    'user wishlist: no useradd',
  ]);
  expect(problems[1]?.argv[0]).toBe('useradd');
  expect(ownerOf({ uid: 998, gid: 996 })).toEqual({ uid: 998, gid: 996 });
});
