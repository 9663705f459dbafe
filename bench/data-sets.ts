/** The three data sets of the benchmark, made once and kept: the same bytes on every machine. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  layOutWishlist,
  type WishlistOptions,
} from '../test/support/wishlist-app/lay-out-wishlist.ts';

export type DataSetName = 'A' | 'B' | 'C';

export interface DataSet {
  readonly name: DataSetName;
  readonly title: string;
  readonly options: WishlistOptions;
}

export const dataSets: readonly DataSet[] = [
  {
    name: 'A',
    title: '16 MB database, 17,135 uploads of 155 MB',
    options: {
      users: 200,
      items: 20_000,
      pictures: 17_135,
      pictureBytes: 9050,
      noteWords: 33,
      seed: 11,
    },
  },
  {
    name: 'B',
    title: '11 MB database, 400 uploads of 197 MB',
    options: {
      users: 50,
      items: 12_000,
      pictures: 400,
      pictureBytes: 493_000,
      noteWords: 45,
      seed: 12,
    },
  },
  {
    name: 'C',
    title: '290 MB database',
    options: {
      users: 500,
      items: 175_000,
      pictures: 200,
      pictureBytes: 4000,
      noteWords: 160,
      seed: 13,
    },
  },
];

const DONE = 'complete.json';

/** The folder of the laid-out set; made if it is not there or was made by other options. */
export function provideDataSet(cacheFolder: string, { name, options }: DataSet): string {
  const folder = join(cacheFolder, `set-${name}`);
  const wanted = JSON.stringify(options);
  const done = join(folder, DONE);
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return join(folder, 'app');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  layOutWishlist(join(folder, 'app'), options);
  writeFileSync(`${done}.tmp`, wanted);
  renameSync(`${done}.tmp`, done);
  return join(folder, 'app');
}

/** A copy to be changed, with the times of the original. */
export function copyDataSet(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}
