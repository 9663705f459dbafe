import { quoteForShell } from '../base/shell-quote.ts';

/** The last resort for rows that no backup has, labelled as such. */
export function salvageLines(copies: readonly string[]): string[] {
  if (copies.length === 0) return [];
  return [
    'the old database could not be read whole. Rows newer than the restored snapshot may still be in',
    'it; to salvage some, as a last resort, work on a copy (docs/recovery/1-database-damaged.md):',
    ...copies.flatMap((path) => [
      `  cp ${quoteForShell(path)}* . && sqlite3 ${quoteForShell(path.slice(path.lastIndexOf('/') + 1))} .recover > salvaged.sql`,
    ]),
  ];
}
