import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { findLeftovers } from './find-leftovers.ts';

test('copies that scripts leave beside an app and its database are found, with what they take', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('wishlist.backup', 'data'), { recursive: true });
  writeFileSync(dir.join('wishlist.backup', 'data', 'prod.db'), 'x'.repeat(100));
  mkdirSync(dir.join('wishlist', 'data'), { recursive: true });
  const left = ['prod.db.pre-migration', 'prod.db.backup-20251124', 'prod.db.bak'];
  const others = ['prod.db', 'prod.db-wal', 'prod.db.corrupted', 'other.db.bak'];
  for (const name of [...left, ...others]) writeFileSync(dir.join('wishlist', 'data', name), 'xx');
  const databases = [dir.join('wishlist', 'data', 'prod.db')];
  const found = findLeftovers({ root: dir.join('wishlist'), databases });
  expect(found).toContainEqual({ path: dir.join('wishlist.backup'), sizeBytes: 100 });
  for (const name of left) {
    expect(found).toContainEqual({ path: dir.join('wishlist', 'data', name), sizeBytes: 2 });
  }
  expect(found).toHaveLength(4);
  expect(findLeftovers({ root: dir.join('none', 'app'), databases: [] })).toEqual([]);
});
