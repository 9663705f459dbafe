import { showName } from './output.ts';

/** What stands before a table's name: nothing, unless several databases are meant. */
export function databaseLabel(databases: Iterable<string>): (database: string) => string {
  const isOne = new Set(databases).size <= 1;
  return (database) => (isOne ? '' : `${showName(database)} `);
}
