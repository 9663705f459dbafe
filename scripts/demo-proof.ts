/** The demo's proof: the restored app judged by SQLite, by counting, and by the manifest. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkWishlist, type WishlistState } from '../test/support/wishlist-app/check-wishlist.ts';
import { wishlistFolders } from '../test/support/wishlist-app/lay-out-wishlist.ts';

/** Commits of the writer: the state may be any from `from` to `to`, both included. */
export interface CommitRange {
  readonly from: number;
  readonly to: number;
}

export interface KeptPromise {
  readonly promise: string;
  readonly kept: boolean;
  readonly facts: string;
}

/** What is read of the manifest (src/snapshot/manifest.ts). */
interface ManifestRows {
  readonly databases: readonly {
    readonly path: string;
    readonly tables: readonly { readonly name: string; readonly rowCount: number | null }[];
  }[];
}

/** `target` is where the snapshot was restored to, `root` the app's folder inside it. */
export function checkRestored(
  target: string,
  root: string,
  range: CommitRange,
): { state: WishlistState; promises: KeptPromise[] } {
  const { database } = wishlistFolders(root);
  const sidecars = ['-wal', '-shm', '-journal'].filter((end) => existsSync(database + end));
  const state = checkWishlist(root);
  const { problems, commits, pictures } = state;
  const has = (start: string) => problems.filter((problem) => problem.startsWith(start));
  const intact = [...has('integrity_check'), ...has('foreign_key_check')];
  const sums = [...has('the ledger'), ...has('commit')];
  const files = [...has('a row names'), ...has('uploads/')];
  const promises = [
    judge('the database is whole (integrity_check, foreign_key_check)', intact, 'ok'),
    judge('no half of a change is in it', sums, `the ledger adds up after ${commits} changes`),
    judge('every picture a wish names is there, whole', files, `${pictures.referenced} pictures`),
    judge('no old -wal or -journal lies beside it', sidecars, 'none'),
    judge('it is a moment of the second backup', outside(range, commits), `change ${commits}`),
    judge('each table has the rows the manifest counted', compareRows(target, state), 'equal'),
  ];
  return { state, promises };
}

function judge(promise: string, problems: readonly string[], facts: string): KeptPromise {
  const kept = problems.length === 0;
  return { promise, kept, facts: kept ? facts : problems.slice(0, 3).join('; ') };
}

function outside({ from, to }: CommitRange, commits: number): string[] {
  if (commits >= from && commits <= to) return [];
  return [`change ${commits} is not between ${from} and ${to}`];
}

function compareRows(target: string, { rows }: WishlistState): string[] {
  const path = join(target, '.keepsake', 'manifest.json');
  if (!existsSync(path)) return ['there is no manifest'];
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as ManifestRows;
  const tables = manifest.databases.find(({ path }) => path.endsWith('/prod.db'))?.tables ?? [];
  const counted = new Map(tables.map(({ name, rowCount }) => [name, rowCount]));
  return Object.entries(rows)
    .filter(([name, count]) => counted.get(name) !== count)
    .map(([name, count]) => `${name}: ${count} rows, counted ${counted.get(name) ?? 'none'}`);
}
