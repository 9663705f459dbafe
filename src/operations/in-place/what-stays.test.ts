import { expect, test } from 'vitest';
import { whatStays } from './what-stays.ts';

test('no pattern leaves out what SQLite keeps beside a database that is replaced', () => {
  const exclude = ['*-wal', '*.db', 'cache'];
  const rules = { exclude, mountPoints: new Set<string>(), own: [] };
  const { stays } = whatStays({ ...rules, databases: ['/srv/none/data/prod.db'] });
  const staying = ['prod.db', 'prod.db-wal', 'other.db', 'other.db-wal', 'cache'].filter((name) =>
    stays(`/srv/none/data/${name}`, `/srv/none/data/${name}`),
  );
  expect(staying).toEqual(['other.db', 'other.db-wal', 'cache']);
});
