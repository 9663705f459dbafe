/**
 * Names of users and groups from `/etc/passwd` and `/etc/group`, read once. Directory services
 * (LDAP, systemd-homed) are not asked: numbers are what a restore goes by.
 *
 * Source: passwd(5) `name:password:uid:gid:…`, group(5) `name:password:gid:members`.
 */
import { readFileSync } from 'node:fs';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';

export interface AccountTable {
  readonly nameOf: ReadonlyMap<number, string>;
  readonly idOf: ReadonlyMap<string, number>;
}

/** Who a program runs as, or whom a file belongs to. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

let users: AccountTable | undefined;
let groups: AccountTable | undefined;

/** A line of passwd(5). */
export interface PasswdEntry extends Account {
  readonly shell: string;
}

export interface AccountTables {
  readonly users: AccountTable;
  readonly groups: AccountTable;
}

/** Empty when unknown, as restic stores it. */
export function userName(uid: number): string {
  users ??= readAccounts('/etc/passwd');
  return users.nameOf.get(uid) ?? '';
}

export function groupName(gid: number): string {
  groups ??= readAccounts('/etc/group');
  return groups.nameOf.get(gid) ?? '';
}

export function idOfUser(name: string): number | undefined {
  users ??= readAccounts('/etc/passwd');
  return users.idOf.get(name);
}

export function idOfGroup(name: string): number | undefined {
  groups ??= readAccounts('/etc/group');
  return groups.idOf.get(name);
}

/** Read anew each time: an account may be made while Keepsake runs (`rebuild`). */
export function findAccount(name: string): PasswdEntry | undefined {
  return parseAccount(readTable('/etc/passwd'), name);
}

/** Throws `HOST_USER_UNKNOWN`. */
export function requireAccount(name: string): PasswdEntry {
  const account = findAccount(name);
  if (account === undefined) throw new KeepsakeError('HOST_USER_UNKNOWN', { user: name });
  return account;
}

/** Read anew each time, as for `findAccount`. */
export function accountTables(): AccountTables {
  return { users: readAccounts('/etc/passwd'), groups: readAccounts('/etc/group') };
}

export function parseAccount(passwd: string, name: string): PasswdEntry | undefined {
  for (const line of passwd.split('\n')) {
    const [user, , uid = '', gid = '', , home = '', shell = ''] = line.split(':');
    if (user !== name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
    const ids = { uid: Number(uid), gid: Number(gid) };
    // passwd(5): an empty home is `/`, an empty shell `/bin/sh`.
    return {
      name,
      ...ids,
      home: home === '' ? '/' : home,
      shell: shell === '' ? '/bin/sh' : shell,
    };
  }
  return undefined;
}

/** Where a name or a number stands twice, the first line counts, as for the C library. */
export function parseAccounts(text: string): AccountTable {
  const nameOf = new Map<number, string>();
  const idOf = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === undefined || name === '' || id === undefined || !/^\d+$/.test(id)) continue;
    if (!nameOf.has(Number(id))) nameOf.set(Number(id), name);
    if (!idOf.has(name)) idOf.set(name, Number(id));
  }
  return { nameOf, idOf };
}

function readAccounts(path: string): AccountTable {
  return parseAccounts(readTable(path));
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // A minimal container has no such file: every name is unknown then.
  }
}
