import { showName } from './output.ts';

/** The last resort for rows that no backup has, labelled as such. */
export function salvageLines(copies: readonly string[]): string[] {
  if (copies.length === 0) return [];
  return [
    'the old database could not be read whole. Rows newer than the restored snapshot may still be',
    'in it; as a last resort sqlite3 salvages some from a copy (.recover, or .dump). The lines are in',
    'docs/recovery/1-database-damaged.md, and the old database is kept as',
    ...copies.map((path) => `  ${showName(path)}`),
  ];
}
