/**
 * Checkpoints a WAL database at random moments in random modes, but not while it is told to rest.
 * Arguments: database, seed, `resting` to begin only when told.
 */
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { restIfTold } from './rest-when-told.ts';
import { SeededRandom } from './wishlist-app/seeded-random.ts';

const MODES = ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'] as const;

const [path = '', seed = '1', begin = ''] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const database = new DatabaseSync(path, { timeout: 30 });

process.on('disconnect', () => process.exit());
process.send?.('ready');
if (begin === 'resting') await once(process, 'message');
for (;;) {
  await restIfTold();
  try {
    database.exec(`PRAGMA wal_checkpoint(${random.pick(MODES)})`);
  } catch {
    // Busy: the writer or a capture is in its way. That is the point.
  }
  await sleep(random.below(8));
}
