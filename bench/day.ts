/** A day in the life of the app: what changes between two nightly backups. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFakeWebp } from '../test/support/wishlist-app/fake-webp.ts';
import { wishlistFolders } from '../test/support/wishlist-app/lay-out-wishlist.ts';
import { SeededRandom } from '../test/support/wishlist-app/seeded-random.ts';
import { makeItemName, makeNote } from '../test/support/wishlist-app/words.ts';

export interface DayOptions {
  readonly seed: number;
  /** Of the 20 new items, how many come with a picture. */
  readonly newUploads: number;
}

const UPDATES = 100;
const INSERTS = 20;

/** 100 updates all over the table of items and 20 new items, a transaction each, then a clean stop. */
export function liveADay(root: string, { seed, newUploads }: DayOptions): void {
  const { database, uploads } = wishlistFolders(root);
  const random = new SeededRandom(seed);
  const db = new DatabaseSync(database);
  db.exec('PRAGMA synchronous = OFF');
  const last = Number(db.prepare('SELECT max(id) AS id FROM items').get()?.['id']);
  const update = db.prepare('UPDATE items SET note = ?, quantity = ? WHERE id = ?');
  for (let at = 0; at < UPDATES; at += 1) {
    update.run(makeNote(random, 5 + random.below(10)), 1 + random.below(5), 1 + random.below(last));
  }
  const owners = db.prepare('SELECT id, ownerId FROM list ORDER BY id').all();
  const item = db.prepare(
    'INSERT INTO items (name, note, imageUrl, userId, createdById) VALUES (?, ?, ?, ?, ?)',
  );
  const place = db.prepare(
    'INSERT INTO list_item (id, listId, itemId, addedById) VALUES (?, ?, ?, ?)',
  );
  for (let at = 0; at < INSERTS; at += 1) {
    const { id: list, ownerId } = random.pick(owners) as { id: string; ownerId: string };
    const name = makeItemName(random);
    const picture = at < newUploads ? `day-${seed}-${at}.webp` : null;
    if (picture !== null) writeFileSync(join(uploads, picture), makeFakeWebp(random, 8000));
    const { lastInsertRowid } = item.run(name, makeNote(random, 12), picture, ownerId, ownerId);
    place.run(random.uuid(), list, lastInsertRowid, ownerId);
  }
  db.close();
}
