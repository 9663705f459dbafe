/** What a data set really holds, for the headings of the tables. */
import { dirname } from 'node:path';
import { wishlistFolders } from '../test/support/wishlist-app/lay-out-wishlist.ts';
import { resetApp } from './data-sets.ts';
import { folderFacts } from './folder-facts.ts';

export interface DataFacts {
  readonly databaseBytes: number;
  readonly uploads: number;
  readonly uploadBytes: number;
}

export function describeData(app: string): DataFacts {
  resetApp(app); // a round that was cut off may have left a day lived
  const { database, uploads } = wishlistFolders(app);
  const { files, bytes } = folderFacts(uploads);
  const { bytes: databaseBytes } = folderFacts(dirname(database));
  return { databaseBytes, uploads: files, uploadBytes: bytes };
}
