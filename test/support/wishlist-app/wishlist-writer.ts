/**
 * A program that behaves to its files as the running app does: one connection in WAL mode with
 * automatic checkpoints; a new item writes its picture and then the row; an edit writes a new picture,
 * updates the row and then unlinks the old one; a delete removes the row and then the picture.
 *
 * Each commit also moves money between two ledger accounts and adds a row to `ledger_commit`, so that
 * every consistent state can be told from a torn one. It prints `commit N` after commit N, and ends
 * cleanly on SIGTERM.
 *
 * With `--hostile` it behaves worse than the app: new pictures are written in two halves with a pause
 * between them, and some are replaced under their name, by a rename or in place.
 *
 *   node wishlist-writer.ts ROOT [--ops-per-second 50] [--seed 1] [--operations N] [--hostile]
 */
import {
  closeSync,
  fstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeFakeWebp } from './fake-webp.ts';
import { wishlistFolders } from './lay-out-wishlist.ts';
import { LEDGER_ACCOUNTS } from './schema.ts';
import { SeededRandom } from './seeded-random.ts';
import { makeItemName, makeNote, pictureName } from './words.ts';

const MOST_HOSTILE_ITEMS = 150;

class Writer {
  readonly #db: DatabaseSync;
  readonly #uploads: string;
  readonly #random: SeededRandom;
  readonly #hostile: boolean;
  #commits: number;
  #pictureMs = Date.now();

  constructor(root: string, { seed, hostile }: { seed: number; hostile: boolean }) {
    const { database, uploads } = wishlistFolders(root);
    this.#uploads = uploads;
    this.#random = new SeededRandom(seed);
    this.#hostile = hostile;
    this.#db = new DatabaseSync(database, { timeout: 5000 });
    // The app's connection: better-sqlite3's defaults.
    this.#db.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    this.#commits = Number(this.#one('SELECT count(*) AS n FROM ledger_commit')?.['n']);
  }

  operate(): void {
    const kind = this.#random.pick([
      'create',
      'create',
      'edit',
      'edit',
      'delete',
      'claim',
    ] as const);
    if (kind === 'create' && this.#isCrowded()) this.#delete();
    else if (kind === 'create') this.#create();
    else if (kind === 'edit') this.#edit();
    else if (kind === 'delete') this.#delete();
    else if (this.#hostile && this.#random.chance(0.7)) this.#replace();
    else this.#claim();
  }

  close(): void {
    this.#db.close();
  }

  /** However long a hostile run lasts, its app stays small. */
  #isCrowded(): boolean {
    const row = this.#hostile ? this.#one('SELECT count(*) AS n FROM items') : undefined;
    return Number(row?.['n'] ?? 0) > MOST_HOSTILE_ITEMS;
  }

  #create(): void {
    const list = this.#one('SELECT id, ownerId FROM list ORDER BY random() LIMIT 1');
    const { id: listId, ownerId } = list as { id: string; ownerId: string };
    const name = makeItemName(this.#random);
    const picture = this.#writePicture(name);
    const note = makeNote(this.#random, this.#random.below(40));
    this.#commit('create', () => {
      const item = this.#db
        .prepare(
          'INSERT INTO items (name, note, imageUrl, userId, createdById) VALUES (?, ?, ?, ?, ?)',
        )
        .run(name, note, picture, ownerId, ownerId);
      this.#db
        .prepare('INSERT INTO list_item (id, listId, itemId, addedById) VALUES (?, ?, ?, ?)')
        .run(this.#random.uuid(), listId, item.lastInsertRowid, ownerId);
    });
  }

  #edit(): void {
    const item = this.#anyItem();
    if (item === undefined) return this.#create();
    const picture = this.#writePicture(item.name);
    this.#commit('edit', () =>
      this.#db.prepare('UPDATE items SET imageUrl = ? WHERE id = ?').run(picture, item.id),
    );
    this.#unlink(item.imageUrl);
  }

  #delete(): void {
    const item = this.#anyItem();
    if (item === undefined) return this.#create();
    this.#commit('delete', () => this.#db.prepare('DELETE FROM items WHERE id = ?').run(item.id));
    this.#unlink(item.imageUrl);
  }

  #replace(): void {
    const item = this.#anyItem();
    if (item === undefined || item.imageUrl === null || URL.canParse(item.imageUrl)) return;
    const path = join(this.#uploads, item.imageUrl);
    if (this.#random.chance(0.5)) this.#overwrite(path);
    else {
      this.#writeSlowly(`${path}.tmp`);
      renameSync(`${path}.tmp`, path);
    }
    this.#commit('replace', () =>
      this.#db.prepare('UPDATE items SET quantity = 2 WHERE id = ?').run(item.id),
    );
  }

  #claim(): void {
    const place = this.#one('SELECT listId, itemId, addedById FROM list_item ORDER BY random()');
    if (place === undefined) return this.#create();
    const { listId, itemId, addedById } = place as Record<string, string | number>;
    this.#commit('claim', () =>
      this.#db
        .prepare(
          'INSERT INTO list_item_claim (id, itemId, listId, claimedById) VALUES (?, ?, ?, ?)',
        )
        .run(this.#random.uuid(), itemId!, listId!, addedById!),
    );
  }

  #commit(kind: string, change: () => unknown): void {
    const [from, to] = [this.#random.below(LEDGER_ACCOUNTS), this.#random.below(LEDGER_ACCOUNTS)];
    const amount = 1 + this.#random.below(100);
    const move = this.#db.prepare('UPDATE ledger_account SET balance = balance + ? WHERE id = ?');
    this.#db.exec('BEGIN IMMEDIATE');
    move.run(-amount, from + 1);
    change();
    move.run(amount, to + 1);
    this.#commits += 1;
    this.#db.prepare('INSERT INTO ledger_commit (id, kind) VALUES (?, ?)').run(this.#commits, kind);
    this.#db.exec('COMMIT');
    console.log(`commit ${this.#commits}`);
  }

  #writePicture(itemName: string): string {
    this.#pictureMs += 1;
    const name = pictureName(itemName, this.#pictureMs);
    if (this.#hostile) this.#writeSlowly(join(this.#uploads, name));
    else writeFileSync(join(this.#uploads, name), this.#makePicture());
    return name;
  }

  #makePicture(): Uint8Array {
    return makeFakeWebp(this.#random, 1000 + this.#random.below(9000));
  }

  /** In one call: a writer that stops halfway leaves a half picture for anybody to read. */
  #overwrite(path: string): void {
    const file = openSync(path, 'r+');
    writeSync(file, makeFakeWebp(this.#random, fstatSync(file).size), 0);
    closeSync(file);
  }

  #writeSlowly(path: string): void {
    const picture = this.#makePicture();
    const file = openSync(path, 'w');
    const half = picture.length >> 1;
    writeSync(file, picture.subarray(0, half));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#random.below(4));
    writeSync(file, picture.subarray(half));
    closeSync(file);
  }

  #unlink(imageUrl: string | null): void {
    if (imageUrl === null || URL.canParse(imageUrl)) return;
    unlinkSync(join(this.#uploads, imageUrl));
  }

  #anyItem(): { id: number; name: string; imageUrl: string | null } | undefined {
    return this.#one('SELECT id, name, imageUrl FROM items ORDER BY random() LIMIT 1') as never;
  }

  #one(sql: string): Record<string, unknown> | undefined {
    return this.#db.prepare(sql).get();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'ops-per-second': { type: 'string', default: '50' },
    operations: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    hostile: { type: 'boolean', default: false },
  },
});
const pauseMs = 1000 / Number(values['ops-per-second']);
const { hostile } = values;
const writer = new Writer(positionals[0] ?? '.', { seed: Number(values.seed), hostile });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const startedAt = performance.now();
for (let done = 0; !stop.signal.aborted && done < Number(values.operations); done += 1) {
  writer.operate();
  // In step with the clock, so that a slow commit does not lower the rate.
  await delay(Math.max(0, startedAt + (done + 1) * pauseMs - performance.now()));
}
writer.close();
