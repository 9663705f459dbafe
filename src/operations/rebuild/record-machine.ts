/** What a backup notes of this machine, so that `rebuild` can make another one like it. */
import { statSync } from 'node:fs';
import { fsPath } from '../../base/raw-name.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { findAccount, groupName, idOfGroup } from '../../host/accounts.ts';
import { readGitCheckout } from '../../host/git-checkout.ts';
import type { ManifestMachine, ManifestUser } from '../../snapshot/manifest.ts';

/** What cannot be found is left out: it only helps later, and never fails a backup. */
export function recordMachine(app: ResolvedApp, configFile: string): ManifestMachine {
  const [owner, group] = app.owner?.split(':') ?? [];
  const users = [...new Set([owner, app.runAs])].flatMap((name) => userOf(name) ?? []);
  const checkout = app.code === undefined ? undefined : readGitCheckout(app.code.folder);
  return {
    config: { path: configFile, ...ownershipOf(configFile) },
    ...(app.layout !== undefined && { layout: app.layout }),
    users,
    groups: users.some((user) => user.group === group) ? [] : groupOf(group),
    ...(app.code !== undefined && { code: { folder: app.code.folder, ...checkout } }),
  };
}

/** Root is on every machine. */
function userOf(name: string | undefined): ManifestUser | undefined {
  const account = name === undefined ? undefined : findAccount(name);
  if (account === undefined || account.uid === 0) return undefined;
  const { uid, gid, home, shell } = account;
  const group = groupName(gid);
  return { name: account.name, uid, gid, ...(group !== '' && { group }), home, shell };
}

function groupOf(name: string | undefined): ManifestMachine['groups'] {
  const gid = name === undefined ? undefined : idOfGroup(name);
  return name === undefined || gid === undefined || gid === 0 ? [] : [{ name, gid }];
}

function ownershipOf(path: string): Omit<ManifestMachine['config'], 'path'> {
  try {
    const { mode, uid, gid } = statSync(fsPath(path));
    return { mode: mode & 0o777, uid, gid };
  } catch {
    return { mode: 0o600, uid: 0, gid: 0 };
  }
}
