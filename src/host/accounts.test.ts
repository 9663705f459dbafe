import { expect, test } from 'vitest';
import {
  findAccount,
  idOfGroup,
  idOfUser,
  parseAccount,
  parseAccounts,
  userName,
} from './accounts.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# comment
wishlist:x:998:998::/opt/wishlist:/usr/sbin/nologin
toor:x:0:0::/root:/bin/sh
wishlist:x:997:1::/:/bin/sh
+nis
broken:x:abc:1
:x:5:5
`;

test('the first line of a name and of a number counts', () => {
  const { nameOf, idOf } = parseAccounts(PASSWD);
  expect([...nameOf]).toEqual([
    [0, 'root'],
    [998, 'wishlist'],
    [997, 'wishlist'],
  ]);
  expect([...idOf]).toEqual([
    ['root', 0],
    ['wishlist', 998],
    ['toor', 0],
  ]);
});

test('an unknown number has an empty name, an unknown name no number', () => {
  expect(userName(3_999_999_999)).toBe('');
  expect(idOfUser('no such user')).toBeUndefined();
  expect(userName(0)).toBe('root');
});

test('an account has the ids, home and shell of its first line', () => {
  expect(parseAccount(PASSWD, 'wishlist')).toEqual({
    name: 'wishlist',
    uid: 998,
    gid: 998,
    home: '/opt/wishlist',
    shell: '/usr/sbin/nologin',
  });
  expect(parseAccount('a:x:1:2::', 'a')).toMatchObject({ home: '/', shell: '/bin/sh' });
  expect(parseAccount(PASSWD, 'broken')).toBeUndefined();
  expect(findAccount('no such user')).toBeUndefined();
  expect([findAccount('root')?.uid, idOfGroup('root')]).toEqual([0, 0]);
});
