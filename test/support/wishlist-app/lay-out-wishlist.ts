/**
 * Lays out the data of a Wishlist installation from nothing: `data/prod.db` (WAL mode, cleanly
 * closed), `uploads/` and `.env`, the same bytes for the same options.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { makeFakeWebp } from './fake-webp.ts';
import { LEDGER_ACCOUNTS, LEDGER_TOTAL, schema } from './schema.ts';
import { SeededRandom } from './seeded-random.ts';
import { makeItemName, makeNote, makePersonName, pictureName } from './words.ts';

export interface WishlistOptions {
  readonly users?: number;
  readonly items?: number;
  /** Files in `uploads/`: of every third user and of items. Default: 6 of 7 items. */
  readonly pictures?: number;
  /** Mean size; single files have 0.4 to 1.6 of it. */
  readonly pictureBytes?: number;
  /** Mean length of a note, in words. */
  readonly noteWords?: number;
  readonly journalMode?: 'wal' | 'delete';
  readonly seed?: number;
}

export interface WishlistFolders {
  readonly root: string;
  readonly database: string;
  readonly uploads: string;
}

const FIRST_PICTURE_MS = 1_700_000_000_000;

export function wishlistFolders(root: string): WishlistFolders {
  return { root, database: join(root, 'data', 'prod.db'), uploads: join(root, 'uploads') };
}

export function layOutWishlist(root: string, options: WishlistOptions = {}): WishlistFolders {
  const folders = wishlistFolders(root);
  mkdirSync(join(root, 'data'), { recursive: true });
  mkdirSync(folders.uploads, { recursive: true });
  writeFileSync(join(root, '.env'), 'ORIGIN=http://localhost:3280\nTOKEN_TIME=72\n');
  const db = new DatabaseSync(folders.database);
  db.exec(`PRAGMA journal_mode = ${options.journalMode ?? 'wal'}; PRAGMA synchronous = OFF`);
  db.exec('PRAGMA cache_size = -200000'); // the whole of a large one: ids are spread over the indexes
  db.exec(`BEGIN; ${schema}`);
  new Layout(db, folders.uploads, options).run();
  db.exec('COMMIT');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return folders;
}

class Layout {
  readonly #db: DatabaseSync;
  readonly #uploads: string;
  readonly #options: Required<WishlistOptions>;
  readonly #random: SeededRandom;
  readonly #users: string[] = [];
  readonly #lists: { id: string; owner: string }[] = [];
  #pictureMs = FIRST_PICTURE_MS;

  constructor(db: DatabaseSync, uploads: string, options: WishlistOptions) {
    const items = options.items ?? 148;
    this.#db = db;
    this.#uploads = uploads;
    this.#options = {
      users: 15,
      items,
      pictures: Math.round((items * 6) / 7),
      pictureBytes: 4000,
      noteWords: 12,
      journalMode: 'wal',
      seed: 1,
      ...options,
    };
    this.#random = new SeededRandom(this.#options.seed);
  }

  run(): void {
    this.#layOutSettings();
    this.#layOutPeople();
    this.#layOutItems();
    const balance = LEDGER_TOTAL / LEDGER_ACCOUNTS;
    const add = this.#insert('ledger_account', ['balance']);
    for (let at = 0; at < LEDGER_ACCOUNTS; at += 1) add(balance);
  }

  #layOutSettings(): void {
    const role = this.#insert('role', ['name']);
    for (const name of ['USER', 'ADMIN', 'GROUP_MANAGER']) role(name);
    const setting = this.#insert('system_config', ['key', 'value', 'groupId']);
    for (const key of ['enableSignup', 'suggestions.enable', 'claims.showName', 'smtp.enable']) {
      setting(key, 'true', 'global');
    }
    setting('smtp.pass', 'a secret in clear, as the app keeps it', 'global');
    this.#insert('patch', ['id', 'executed_at'])('item-price', isoTime(0));
    const migration = this.#insert('_prisma_migrations', [
      'id',
      'checksum',
      'migration_name',
      'started_at',
      'finished_at',
      'applied_steps_count',
    ]);
    for (let at = 0; at < 46; at += 1) {
      const name = at === 45 ? '20260624143856_add_list_hide_owner' : `2025${1000 + at}000000_step`;
      const [id, checksum] = [this.#random.uuid(), this.#random.hex(64)];
      migration(id, checksum, name, isoTime(at), isoTime(at), 1);
    }
  }

  #layOutPeople(): void {
    const random = this.#random;
    const groups = this.#layOutGroups();
    const user = this.#insert('user', [
      'id',
      'username',
      'name',
      'email',
      'picture',
      'roleId',
      'hashedPassword',
    ]);
    const membership = this.#insert('user_group_membership', ['id', 'active', 'userId', 'groupId']);
    const session = this.#insert('session', ['id', 'userId', 'expiresAt']);
    const list = this.#insert('list', ['id', 'name', 'ownerId', 'groupId', 'public']);
    for (let at = 0; at < this.#options.users; at += 1) {
      const [owner, group] = [random.id(), random.pick(groups)];
      const name = makePersonName(random);
      const hash = `s2:${random.hex(32)}:${random.hex(128)}`;
      const picture = at % 3 === 0 ? this.#writePicture(`user${at}`) : null;
      user(owner, `user${at}`, name, `user${at}@example.test`, picture, at === 0 ? 2 : 1, hash);
      membership(random.uuid(), 1, owner, group);
      session(random.hex(64), owner, isoTime(90 * 86_400 + at));
      for (const title of [null, 'Birthday 2027'].slice(0, 1 + random.below(2))) {
        const id = random.id(10);
        list(id, title, owner, group, random.below(2));
        this.#lists.push({ id, owner });
      }
      this.#users.push(owner);
    }
  }

  #layOutGroups(): string[] {
    const group = this.#insert('group', ['id', 'name']);
    const count = Math.max(2, Math.ceil(this.#options.users / 25));
    return Array.from({ length: count }, (_, at) => {
      const id = this.#random.uuid();
      group(id, `Family ${at + 1}`);
      return id;
    });
  }

  #layOutItems(): void {
    const random = this.#random;
    const { items, noteWords, users } = this.#options;
    const pictures = this.#options.pictures - Math.ceil(users / 3);
    const price = this.#insert('item_price', ['id', 'value', 'currency']);
    const item = this.#insert('items', [
      'name',
      'itemPriceId',
      'url',
      'note',
      'imageUrl',
      'quantity',
      'userId',
      'createdById',
    ]);
    const listItem = this.#insert('list_item', ['id', 'listId', 'itemId', 'addedById']);
    const claim = this.#insert('list_item_claim', ['id', 'itemId', 'listId', 'claimedById']);
    for (let at = 0; at < items; at += 1) {
      const { id: list, owner } = random.pick(this.#lists);
      const [name, priceId] = [makeItemName(random), random.uuid()];
      price(priceId, 100 + random.below(50_000), random.pick(['EUR', 'USD', 'GBP']));
      // Spread evenly, so that the last picture belongs to one of the last items.
      const hasPicture =
        Math.floor(((at + 1) * pictures) / items) > Math.floor((at * pictures) / items);
      const image = hasPicture ? this.#writePicture(name) : this.#remoteImage();
      const url = `https://shop.example.test/p/${random.below(1e9)}?ref=${random.hex(8)}`;
      const note = makeNote(random, random.below(noteWords * 2 + 1));
      const id = item(name, priceId, url, note, image, 1 + random.below(3), owner, owner);
      listItem(random.uuid(), list, id, owner);
      if (random.chance(0.45)) claim(random.uuid(), id, list, random.pick(this.#users));
    }
  }

  #writePicture(itemName: string): string {
    this.#pictureMs += 1 + this.#random.below(40_000);
    const name = pictureName(itemName, this.#pictureMs);
    const size = Math.floor(
      this.#options.pictureBytes * (0.4 + 1.2 * (this.#random.below(1000) / 1000)),
    );
    writeFileSync(join(this.#uploads, name), makeFakeWebp(this.#random, size));
    return name;
  }

  /** Old versions of the app kept the URL itself: a row that names no file. */
  #remoteImage(): string | null {
    return this.#random.chance(0.1) ? `https://img.example.test/${this.#random.hex(12)}.jpg` : null;
  }

  #insert(table: string, columns: readonly string[]): (...values: SQLInputValue[]) => number {
    const names = columns.map((column) => `"${column}"`).join(', ');
    const marks = columns.map(() => '?').join(', ');
    const statement = this.#db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${marks})`);
    return (...values) => Number(statement.run(...values).lastInsertRowid);
  }
}

/** A time as Prisma writes it into its TEXT columns. */
function isoTime(secondsLater: number): string {
  const time = new Date(FIRST_PICTURE_MS + secondsLater * 1000);
  return time.toISOString().replace('Z', '+00:00');
}
