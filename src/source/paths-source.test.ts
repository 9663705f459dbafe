import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isDatabaseLeaf } from './database-leaf.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { openPathsSource } from './paths-source.ts';

const polynomial = 0x3da3358b4dc173n;

test('entries walk anew at each call, and their files can be read', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('a'), 'content');
  const source = openPathsSource({ paths: [dir.join('a/'), dir.join('./a')], polynomial });
  expect(source.paths).toEqual([dir.join('a')]);
  for (const content of ['content', 'other content']) {
    writeFileSync(dir.join('a'), content);
    const entries = await Array.fromAsync(source.entries());
    const leaf = entries.find((entry) => entry.kind === 'leaf');
    const chunks = leaf?.read?.().chunks() ?? [];
    const [text] = await Array.fromAsync(chunks, ({ bytes }) => Buffer.from(bytes).toString());
    expect(text).toBe(content);
  }
});

test('a database configured by the name of a link is known by its real name', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('data'));
  writeFileSync(dir.join('data/prod.db'), 'anything');
  symlinkSync('data/prod.db', dir.join('link.db'));
  const databases = new Set([dir.join('link.db'), dir.join('none.db')]);
  const source = openPathsSource({ paths: [dir.path], databases, polynomial });
  const entries = await Array.fromAsync(source.entries());
  const found = entries.filter((entry) => entry.kind === 'leaf' && isDatabaseLeaf(entry));
  expect(found.map(({ path }) => path)).toEqual([dir.join('data/prod.db')]);
});
