/** Judges a state of the app's data: is it one the app was really in, with nothing missing? */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { isWholeWebp } from './fake-webp.ts';
import { wishlistFolders } from './lay-out-wishlist.ts';
import { LEDGER_TOTAL } from './schema.ts';

export interface WishlistState {
  /** What is wrong, a sentence each; empty when every promise holds. */
  readonly problems: string[];
  /** Rows per table. */
  readonly rows: Record<string, number>;
  /** How many commits of the writer are in it. */
  readonly commits: number;
  readonly pictures: { readonly referenced: number; readonly present: number };
}

/**
 * `root` holds `data/prod.db` and `uploads/`. Nothing may be writing to it: with `-wal` beside it the
 * database is opened as the app would open it, without one as a file that cannot change.
 */
export function checkWishlist(root: string): WishlistState {
  const { database, uploads } = wishlistFolders(root);
  const url = pathToFileURL(database);
  if (!existsSync(`${database}-wal`)) url.searchParams.set('immutable', '1');
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    const pictures = checkPictures(db, uploads);
    return {
      problems: [...checkDatabase(db), ...pictures.problems],
      rows: countRows(db),
      commits: number(db, 'SELECT count(*) FROM ledger_commit'),
      pictures,
    };
  } finally {
    db.close();
  }
}

function checkDatabase(db: DatabaseSync): string[] {
  const problems: string[] = [];
  const integrity = db
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => Object.values(row)[0]);
  if (integrity.join() !== 'ok') problems.push(`integrity_check: ${integrity.join('; ')}`);
  const orphans = db.prepare('PRAGMA foreign_key_check').all().length;
  if (orphans > 0) problems.push(`foreign_key_check: ${orphans} rows point to nothing`);
  const total = number(db, 'SELECT sum(balance) FROM ledger_account');
  if (total !== LEDGER_TOTAL) problems.push(`the ledger adds up to ${total}, not ${LEDGER_TOTAL}`);
  const [last, count] = ['max(id)', 'count(*)'].map((what) =>
    number(db, `SELECT coalesce(${what}, 0) FROM ledger_commit`),
  );
  if (last !== count) problems.push(`commit ${last} is there, but only ${count} commits in all`);
  return problems;
}

function checkPictures(db: DatabaseSync, uploads: string) {
  const problems: string[] = [];
  const present = new Set(readdirSync(uploads));
  const names = db
    .prepare(
      'SELECT imageUrl AS name FROM items UNION SELECT picture FROM user WHERE picture IS NOT NULL',
    )
    .all()
    .map((row) => row['name'])
    .filter((name): name is string => typeof name === 'string' && !URL.canParse(name));
  for (const name of names) {
    if (!present.has(name)) problems.push(`a row names uploads/${name}, which is missing`);
    else if (!isWholeWebp(readFileSync(join(uploads, name)))) {
      problems.push(`uploads/${name} is cut off`);
    }
  }
  return { problems, referenced: names.length, present: present.size };
}

function countRows(db: DatabaseSync): Record<string, number> {
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const counts = names.map(({ name }) => {
    return [String(name), number(db, `SELECT count(*) FROM "${String(name)}"`)] as const;
  });
  return Object.fromEntries(counts);
}

function number(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}
