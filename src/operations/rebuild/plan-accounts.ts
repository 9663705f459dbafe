/** Which users and groups of the machine that is gone are to be made here, and with which numbers. */
import { describeCause } from '../../base/errors/keepsake-error.ts';
import type { AccountTables } from '../../host/accounts.ts';
import { groupaddArgv, useraddArgv, type AccountMaker } from '../../host/make-accounts.ts';
import type { Owner } from '../../host/tree-owner.ts';
import type { ManifestMachine } from '../../snapshot/manifest.ts';

export interface PlannedAccount {
  readonly kind: 'user' | 'group';
  readonly name: string;
  /** As it was. */
  readonly id: number;
  /** `there`: with this or another number. `taken`: its number is somebody else's here. */
  readonly state: 'there' | 'new' | 'taken';
  /** Its number here, where it is there. */
  readonly idHere: number | undefined;
  /** What makes it. */
  readonly argv: readonly string[];
}

export interface AccountProblem {
  /** `user wishlist` */
  readonly account: string;
  readonly why: string;
  readonly argv: readonly string[];
}

/** Groups come first: a user is made into its own. */
export function planAccounts(
  { users, groups }: ManifestMachine,
  tables: AccountTables,
): PlannedAccount[] {
  const own = users.flatMap(({ group, gid }) =>
    group === undefined ? [] : [{ name: group, gid }],
  );
  const all = new Map([...own, ...groups].filter(({ gid }) => gid !== 0).map((g) => [g.name, g]));
  return [
    ...[...all.values()].map(({ name, gid }): PlannedAccount => {
      const { freeId, ...found } = lookUp(tables.groups, { name, id: gid });
      return { kind: 'group', ...found, argv: groupaddArgv({ name, gid: freeId }) };
    }),
    ...users.map(({ name, uid, group, home, shell }): PlannedAccount => {
      const { freeId, ...found } = lookUp(tables.users, { name, id: uid });
      const argv = useraddArgv({ name, uid: freeId, group, home, shell });
      return { kind: 'user', ...found, argv };
    }),
  ];
}

function lookUp(
  { nameOf, idOf }: AccountTables['users'],
  { name, id }: { name: string; id: number },
) {
  const idHere = idOf.get(name);
  const isTaken = nameOf.has(id);
  const state: PlannedAccount['state'] = idHere !== undefined ? 'there' : isTaken ? 'taken' : 'new';
  return { name, id, idHere, state, freeId: isTaken ? undefined : id };
}

export interface MadeAccounts {
  readonly problems: readonly AccountProblem[];
  /** Who owns here what somebody owned there. */
  readonly ownerOf: (there: Owner) => Owner;
  /** Whether anybody has another number here. */
  readonly hasMoved: boolean;
}

/** What cannot be made is told; files of it keep the number they had. */
export async function makeAccounts(
  planned: readonly PlannedAccount[],
  maker: AccountMaker,
): Promise<MadeAccounts> {
  const problems: AccountProblem[] = [];
  for (const { kind, name, argv, state } of planned) {
    if (state === 'there') continue;
    try {
      await maker.make(argv);
    } catch (error) {
      problems.push({ account: `${kind} ${name}`, argv, why: describeCause(error) });
    }
  }
  return { problems, ...ownersHere(planned, maker.tables()) };
}

export function ownersHere(
  planned: readonly PlannedAccount[],
  tables: AccountTables,
): Omit<MadeAccounts, 'problems'> {
  const moved = { user: new Map<number, number>(), group: new Map<number, number>() };
  for (const { kind, name, id } of planned) {
    const here = (kind === 'user' ? tables.users : tables.groups).idOf.get(name);
    if (here !== undefined && here !== id) moved[kind].set(id, here);
  }
  return {
    hasMoved: moved.user.size + moved.group.size > 0,
    ownerOf: ({ uid, gid }) => ({
      uid: moved.user.get(uid) ?? uid,
      gid: moved.group.get(gid) ?? gid,
    }),
  };
}
