/**
 * The database of the hostile writer, and what must hold in every committed state of it:
 * the balances sum up to the same total, the mirror equals the accounts, each log row carries the
 * length of its payload, and `state` counts commits, log rows and their bytes.
 */
import { DatabaseSync } from 'node:sqlite';

export const ACCOUNTS = 400;
export const TOTAL = ACCOUNTS * 1000;

export const BANK_SCHEMA = `
  CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, pad BLOB);
  CREATE TABLE mirror(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX account_balance ON account(balance);
  CREATE TABLE log(commit_number INTEGER, length INTEGER, payload BLOB);
  CREATE INDEX log_commit ON log(commit_number, length);
  CREATE TABLE state(id INTEGER PRIMARY KEY, commits INTEGER, rows INTEGER, bytes INTEGER);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS})
    INSERT INTO account SELECT i, 1000, zeroblob(700) FROM n;
  INSERT INTO mirror SELECT id, balance FROM account;
  INSERT INTO state VALUES (1, 0, 0, 0);
`;

const INVARIANTS = {
  total: `SELECT sum(balance) = ${TOTAL} FROM account`,
  mirror: `SELECT count(*) = 0 FROM account JOIN mirror USING (id)
    WHERE account.balance <> mirror.balance`,
  accounts: `SELECT (SELECT count(*) FROM account) = ${ACCOUNTS}
    AND (SELECT count(*) FROM mirror) = ${ACCOUNTS}`,
  payloads: 'SELECT count(*) = 0 FROM log WHERE length(payload) <> length',
  log: `SELECT count(log.length) = state.rows AND coalesce(sum(length), 0) = state.bytes
    AND coalesce(max(commit_number), 0) <= state.commits FROM state LEFT JOIN log`,
} as const;

/** What is wrong with an image: empty when it is a committed state. And which commit it shows. */
export function examineBank(image: string): { problems: string[]; commits: number } {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(`file:${image}?immutable=1`, { readOnly: true });
    return { problems: findProblems(database), commits: readCommits(database) };
  } catch (error) {
    return { problems: [String(error)], commits: -1 };
  } finally {
    database?.close();
  }
}

function findProblems(database: DatabaseSync): string[] {
  const rows = database.prepare('PRAGMA integrity_check').all();
  const problems = rows.map((row) => String(row['integrity_check'])).filter((row) => row !== 'ok');
  for (const [name, sql] of Object.entries(INVARIANTS)) {
    const holds = Object.values(database.prepare(sql).get() ?? {})[0];
    if (holds !== 1) problems.push(`invariant ${name} is broken`);
  }
  return problems;
}

function readCommits(database: DatabaseSync): number {
  return Number(database.prepare('SELECT commits FROM state').get()?.['commits']);
}
