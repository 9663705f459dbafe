/**
 * How large the pieces are in which a database is stored.
 *
 * A database changes in whole pages, so pieces that begin at page borders deduplicate. A backup
 * after D scattered changes costs about `D × b` for the changed pieces of b bytes, plus
 * `34 × S / b` for the list of all pieces (34 bytes each once compressed; S is the size of the
 * database). The sum is smallest at b = sqrt(34 × S / D). With D = 120, a day of 100 updates and
 * 20 inserts, rounded to a power of two:
 *
 * | database | sqrt(34 × S / 120) | piece | changed + list |
 * | --- | --- | --- | --- |
 * | 11 MB | 1.7 KiB | 4 KiB (the least) | 0.5 + 0.1 MB |
 * | 42 MB | 3.4 KiB | 4 KiB | 0.5 + 0.3 MB |
 * | 290 MB | 8.9 KiB | 8 KiB | 1.0 + 1.2 MB |
 * | 1 GB | 16.4 KiB | 16 KiB | 2.0 + 2.1 MB |
 * | 4 GB | 32.9 KiB | 32 KiB | 3.9 + 4.2 MB |
 * | 16 GB and more | 65.8 KiB | 64 KiB (the most) | 7.9 + 8.3 MB |
 *
 * Another size stores the whole database anew, once. So the size of the previous backup stays until
 * the best one is 4 times larger or smaller, which costs at most about twice the best until then.
 */
const BYTES_PER_LISTED_PIECE = 34;
const CHANGES_PER_BACKUP = 120;
const LEAST_BYTES = 4096;
const MOST_BYTES = 65_536;
const STICKY_FACTOR = 4;

/**
 * Bytes per piece: a power of two and a multiple of `pageSize`.
 *
 * @param previous what the previous backup of this database used
 */
export function pageChunkSize(databaseBytes: number, pageSize: number, previous?: number): number {
  const best = bestChunkSize(databaseBytes, pageSize);
  if (previous === undefined || !isUsable(previous, pageSize)) return best;
  const factor = Math.max(best / previous, previous / best);
  return factor >= STICKY_FACTOR ? best : previous;
}

function bestChunkSize(databaseBytes: number, pageSize: number): number {
  const ideal = Math.sqrt((BYTES_PER_LISTED_PIECE * databaseBytes) / CHANGES_PER_BACKUP);
  const rounded = 2 ** Math.round(Math.log2(Math.max(ideal, 1)));
  return Math.max(pageSize, LEAST_BYTES, Math.min(rounded, MOST_BYTES));
}

/** The page size changes with a VACUUM; a manifest may hold anything. */
function isUsable(size: number, pageSize: number): boolean {
  return (
    Number.isInteger(Math.log2(size)) &&
    size >= Math.max(pageSize, LEAST_BYTES) &&
    size <= MOST_BYTES
  );
}
