/** Uploads that the rows of a restored database name and the app no longer has. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isKeepsakeError } from '../../base/errors/keepsake-error.ts';
import { NameSet, type NameList } from '../../base/name-set.ts';
import { fsPath } from '../../base/raw-name.ts';
import { collectNames } from '../../snapshot/cross-check.ts';
import { loadTree } from '../../snapshot/tree-walk.ts';
import { findNode } from '../../snapshot/find-node.ts';
import { Gate } from '../../sqlite/gate.ts';
import { readReferences } from '../../sqlite/inspect.ts';
import type { OpenSnapshot } from '../open-snapshot.ts';
import type { ChangeJournal } from './change-journal.ts';
import { pathOfApp } from './choose-paths.ts';
import type { SwapRoot } from './swap-units.ts';
import type { WantedPath } from './swap-roots.ts';

export interface MissingUploads {
  /** In the snapshot: to be brought back. */
  readonly found: readonly WantedPath[];
  /** Named by rows, and neither here nor in the snapshot. */
  readonly lost: readonly string[];
}

/** `roots`: of the databases, made ready in their places. */
export async function findMissingUploads(
  open: OpenSnapshot,
  { app, roots }: { app: ChangeJournal['app']; roots: readonly SwapRoot[] },
  { signal }: { signal?: AbortSignal | undefined },
): Promise<MissingUploads> {
  const found = new Map<string, WantedPath>();
  const lost = new Set<string>();
  await using gate = new Gate();
  for (const reference of app.references) {
    const root = roots.find(({ path }) => path === reference.database);
    if (root === undefined) continue;
    const { folder, ignore } = reference;
    const stored = await namesIn(open, folder, signal);
    const names = await namesOf({ ...reference, ignoreUrls: ignore === 'url' }, root.fresh, {
      gate,
      signal,
    });
    for (const name of names) {
      const path = join(folder, name);
      if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(name) || existsSync(fsPath(path))) continue;
      if (!stored.has(name)) lost.add(path);
      else found.set(path, { path, within: pathOfApp(app, path), onlyIfMissing: true });
    }
    // Its owner and mode come from the snapshot, too.
    if (found.size > 0 && !existsSync(fsPath(folder))) {
      for (const path of found.keys()) if (path.startsWith(`${folder}/`)) found.delete(path);
      found.set(folder, { path: folder, within: pathOfApp(app, folder), onlyIfMissing: true });
    }
  }
  return { found: [...found.values()], lost: [...lost] };
}

/** A column that the app renamed since names nothing. */
async function namesOf(
  reference: Parameters<typeof collectNames>[0],
  image: string,
  options: { gate: Gate; signal: AbortSignal | undefined },
): Promise<NameList> {
  const { table, column } = reference;
  try {
    const values = readReferences(image, [{ table, column }], options);
    return (await collectNames(reference, values)).names;
  } catch (error) {
    if (!isKeepsakeError(error, 'DATABASE_COLUMN_MISSING')) throw error;
    return new NameSet();
  }
}

async function namesIn(
  { repository, snapshot }: OpenSnapshot,
  path: string,
  signal: AbortSignal | undefined,
): Promise<NameList> {
  const node = await findNode(repository, { rootTreeId: snapshot.tree, path }, { signal });
  if (node?.subtree === undefined) return new NameSet();
  const nodes = await loadTree(repository, { path, treeId: node.subtree }, { signal });
  const names = new NameSet();
  for (const { type, name } of nodes) if (type === 'file') names.add(name);
  return names;
}
