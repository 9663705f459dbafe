/**
 * Names of users and groups from `/etc/passwd` and `/etc/group`, read once. Directory services
 * (LDAP, systemd-homed) are not asked: numbers are what a restore goes by.
 *
 * Source: passwd(5) `name:password:uid:gid:…`, group(5) `name:password:gid:members`.
 */
import { readFileSync } from 'node:fs';

export interface AccountTable {
  readonly nameOf: ReadonlyMap<number, string>;
  readonly idOf: ReadonlyMap<string, number>;
}

let users: AccountTable | undefined;
let groups: AccountTable | undefined;

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
  try {
    return parseAccounts(readFileSync(path, 'utf8'));
  } catch {
    // A minimal container has no such file: every name is unknown then.
    return parseAccounts('');
  }
}
