import { mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { sqliteUri } from './gate-protocol.ts';

test('no name of a file adds a parameter or means another file', async () => {
  await using dir = await tempFolder();
  const nameBytes = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .filter((bytes) => !bytes.some((byte) => byte === 0 || byte === 0x2f));
  let number = 0;
  fc.assert(
    fc.property(nameBytes, (name) => {
      const folder = dir.join(`f${(number += 1)}`);
      mkdirSync(folder);
      const path = Buffer.concat([Buffer.from(`${folder}/x`), name]);
      writeFileSync(path, '');
      const database = new DatabaseSync(sqliteUri(path, 'mode=ro&immutable=1'));
      database.close();
      expect(() => new DatabaseSync(sqliteUri(Buffer.concat([path, name]), 'mode=ro'))).toThrow();
    }),
    { numRuns: 30 },
  );
});

test('the characters of a URI are escaped', () => {
  expect(sqliteUri(Buffer.from('/a b?c#d%e/ü.db'), 'mode=ro')).toBe(
    'file:/a%20b%3fc%23d%25e/%c3%bc.db?mode=ro',
  );
});
