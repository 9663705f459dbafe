/**
 * An app that writes as unpleasantly as it can: transactions over many pages that spill out of a
 * small cache before they commit, rollbacks, growth and mass deletes, shrinking files.
 * After each commit it writes the commit's number to a progress file. Told to rest, it says when it
 * does, now and then in the middle of a transaction.
 *
 * Arguments: database, journal mode, progress file, seed.
 */
import { openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { restIfTold } from './rest-when-told.ts';
import { ACCOUNTS, BANK_SCHEMA } from './sqlite-bank.ts';
import { SeededRandom } from './wishlist-app/seeded-random.ts';

const MOST_LOG_ROWS = 700;

const [path = '', journalMode = '', progressPath = '', seed = '1'] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const progress = openSync(progressPath, 'w');
const database = new DatabaseSync(path, { timeout: 10_000 });

function setUp(): void {
  const vacuum = random.pick(['INCREMENTAL', 'INCREMENTAL', 'FULL', 'NONE']);
  database.exec(`PRAGMA auto_vacuum = ${vacuum}`);
  database.exec(`PRAGMA journal_mode = ${journalMode}`);
  // A crash of the program, unlike one of the machine, loses nothing without fsync.
  database.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = ${10 + random.below(30)}`);
  database.exec(`PRAGMA wal_autocheckpoint = ${random.pick([200, 200, 1000, 3000])}`);
  const isNew = database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (isNew) database.exec(`BEGIN; ${BANK_SCHEMA} COMMIT`);
}

setUp();
const statements = {
  move: database.prepare('UPDATE account SET balance = balance + ? WHERE id = ?'),
  mirror: database.prepare('UPDATE mirror SET balance = balance + ? WHERE id = ?'),
  add: database.prepare('INSERT INTO log VALUES (?, ?, randomblob(?))'),
  trim: database.prepare('DELETE FROM log WHERE rowid IN (SELECT rowid FROM log LIMIT ?)'),
  rows: database.prepare('SELECT count(*) AS count FROM log'),
  settle: database.prepare(
    `UPDATE state SET commits = ?, rows = (SELECT count(*) FROM log),
     bytes = (SELECT coalesce(sum(length), 0) FROM log)`,
  ),
  commits: database.prepare('SELECT commits FROM state'),
};
let commits = Number(statements.commits.get()?.['commits']);

function transfer(): void {
  const amount = 1 + random.below(50);
  for (const [sign, id] of [
    [-1, 1 + random.below(ACCOUNTS)],
    [1, 1 + random.below(ACCOUNTS)],
  ] as const) {
    statements.move.run(sign * amount, id);
    statements.mirror.run(sign * amount, id);
  }
}

async function writeTransaction(): Promise<void> {
  database.exec('BEGIN IMMEDIATE');
  for (let left = 1 + random.below(8); left > 0; left -= 1) transfer();
  const grows = random.chance(0.05);
  for (let left = grows ? 150 : random.below(6); left > 0; left -= 1) {
    const length = 1 + random.below(random.chance(0.1) ? 12_000 : 1500);
    statements.add.run(commits + 1, length, length);
  }
  const rows = Number(statements.rows.get()?.['count']);
  if (rows > MOST_LOG_ROWS || random.chance(0.1)) statements.trim.run(random.below(rows));
  if (random.chance(0.1)) {
    database.exec('ROLLBACK');
    return;
  }
  statements.settle.run(commits + 1);
  if (random.chance(0.1)) database.exec(`PRAGMA incremental_vacuum(${1 + random.below(50)})`);
  if (random.chance(0.2)) await restIfTold();
  database.exec('COMMIT');
  commits += 1;
  writeSync(progress, String(commits).padStart(12), 0);
}

const stop = new AbortController();
process.on('message', (message) => {
  if (message === 'stop') stop.abort();
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
while (!stop.signal.aborted) {
  await writeTransaction();
  await restIfTold();
  if (random.chance(0.003)) database.exec('VACUUM');
  await sleep(random.below(3));
}
database.close();
process.disconnect();
