/** The data of the benchmark, made once and kept: the same bytes on every machine. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  layOutWishlist,
  wishlistFolders,
  type WishlistOptions,
} from '../test/support/wishlist-app/lay-out-wishlist.ts';

export type DataSetName = 'A' | 'B' | 'C';

type DataOptions = Required<Omit<WishlistOptions, 'journalMode'>>;

export interface DataSet {
  readonly name: string;
  readonly options: DataOptions;
}

/** What the tools are compared on. */
export const dataSets: Readonly<Record<DataSetName, DataSet>> = {
  A: {
    name: 'A',
    options: {
      users: 200,
      items: 20_000,
      pictures: 17_135,
      pictureBytes: 9050,
      noteWords: 33,
      seed: 11,
    },
  },
  B: {
    name: 'B',
    options: {
      users: 50,
      items: 12_000,
      pictures: 400,
      pictureBytes: 493_000,
      noteWords: 45,
      seed: 12,
    },
  },
  C: {
    name: 'C',
    options: {
      users: 500,
      items: 175_000,
      pictures: 200,
      pictureBytes: 4000,
      noteWords: 160,
      seed: 13,
    },
  },
};

/** What memory is measured on. */
export const largeSets = {
  'memory-4GB': {
    name: 'large',
    options: {
      users: 200,
      items: 200_000,
      pictures: 3700,
      pictureBytes: 1_000_000,
      noteWords: 160,
      seed: 14,
    },
  },
  'memory-200k': {
    name: 'many',
    options: {
      users: 200,
      items: 210_000,
      pictures: 200_000,
      pictureBytes: 3000,
      noteWords: 12,
      seed: 15,
    },
  },
} as const satisfies Record<string, DataSet>;

/** `factor` times as many rows and, but for C, which is a database, files. */
export function scaleSet({ name, options }: DataSet, factor: number): DataSet {
  if (factor === 1) return { name, options };
  const times = (count: number) => Math.max(10, Math.round(count * factor));
  return {
    name: `${name}-${factor}x`,
    options: {
      ...options,
      users: times(options.users),
      items: times(options.items),
      pictures: name === 'C' ? options.pictures : times(options.pictures),
    },
  };
}

export const TINY = 1 / 50;

/** About; an item is 570 bytes and 6.8 a word of its note, in table and indexes. */
export function estimateBytes({ options }: DataSet): number {
  const { items, noteWords, pictures, pictureBytes } = options;
  return items * (570 + 6.8 * noteWords) + pictures * (pictureBytes + 2048);
}

const DONE = 'complete.json';
const PRISTINE = 'pristine.db';

/** The app's folder of the set; laid out if it is not there or was made by other options. */
export function provideDataSet(cacheFolder: string, { name, options }: DataSet): string {
  const folder = join(cacheFolder, `set-${name}`);
  const app = join(folder, 'app');
  const wanted = JSON.stringify(options);
  const done = join(folder, DONE);
  const isThere = existsSync(done) && existsSync(join(folder, PRISTINE));
  if (isThere && readFileSync(done, 'utf8') === wanted) return app;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { database } = layOutWishlist(app, options);
  copyWithTimes(database, join(folder, PRISTINE));
  writeFileSync(`${done}.tmp`, wanted);
  renameSync(`${done}.tmp`, done);
  return app;
}

/** Undoes the days lived in it: the database's bytes and times, and the new uploads. */
export function resetApp(app: string): void {
  const { database, uploads } = wishlistFolders(app);
  for (const sidecar of ['-wal', '-shm']) rmSync(`${database}${sidecar}`, { force: true });
  copyWithTimes(join(app, '..', PRISTINE), database);
  for (const name of readdirSync(uploads)) {
    if (name.startsWith('day-')) rmSync(join(uploads, name));
  }
}

function copyWithTimes(from: string, to: string): void {
  copyFileSync(from, to);
  const { atime, mtime } = statSync(from);
  utimesSync(to, atime, mtime);
}
