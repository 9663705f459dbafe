/**
 * A reader of the app that is slow: it holds its snapshot for a while, which keeps a WAL from
 * starting anew and makes writers of a rollback journal wait. Arguments: database, seed.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from './wishlist-app/seeded-random.ts';

const [path = '', seed = '1'] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const database = new DatabaseSync(path, { readOnly: true, timeout: 2000 });

process.on('disconnect', () => process.exit());
process.send?.('ready');
for (;;) {
  try {
    database.exec('BEGIN; SELECT count(*) FROM account;');
    await sleep(random.below(random.chance(0.1) ? 400 : 40));
    database.exec('COMMIT');
  } catch {
    // Busy, or the writer was killed in the middle of something.
    if (database.isTransaction) database.exec('ROLLBACK');
  }
  await sleep(random.below(60));
}
