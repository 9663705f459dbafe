/**
 * How large the pieces are in which a database is stored.
 *
 * A database changes in whole pages, so pieces that begin at page borders deduplicate. A backup
 * after a day of 100 scattered updates and 20 inserts costs about `64 × b` for the changed pieces of
 * b bytes (more of them change, but they are compressed), plus `34 × S / b` for the list of all
 * pieces (34 bytes each once compressed; S is the size of the database). The sum is smallest at
 * b = sqrt(34 × S / 64), rounded to a power of two:
 *
 * | database | sqrt(34 × S / 64) | piece | changed + list |
 * | --- | --- | --- | --- |
 * | 11 MB | 2.4 KiB | 4 KiB (the least) | 0.3 + 0.1 MB |
 * | 42 MB | 4.6 KiB | 4 KiB | 0.3 + 0.3 MB |
 * | 290 MB | 12.1 KiB | 16 KiB | 1.0 + 0.6 MB |
 * | 1 GB | 22.5 KiB | 16 KiB | 1.0 + 2.1 MB |
 * | 4 GB | 45.0 KiB | 32 KiB | 2.1 + 4.2 MB |
 * | 16 GB and more | 90.0 KiB | 64 KiB (the most) | 4.2 + 8.3 MB |
 *
 * Measured, bytes stored for such a day with everything else in the snapshot (first backup):
 *
 * | database | 4 KiB | 8 KiB | 16 KiB | 32 KiB |
 * | --- | --- | --- | --- | --- |
 * | 11 MB | 0.38 MB | 0.59 MB | 0.99 MB | |
 * | 16 MB | 0.44 MB | 0.69 MB | 1.16 MB | |
 * | 290 MB | | 1.74 MB (91 MB) | 1.53 MB (84 MB) | 1.95 MB (79 MB) |
 *
 * Sealing costs 2.6, 1.9 and 1.7 s of a core for 290 MB in pieces of 8, 16 and 32 KiB.
 *
 * Another size stores the whole database anew, once. So the size of the previous backup stays until
 * the best one is 4 times larger or smaller, which costs at most about twice the best until then.
 */
const BYTES_PER_LISTED_PIECE = 34;
const CHANGED_PIECES_PER_BACKUP = 64;
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
  const ideal = Math.sqrt((BYTES_PER_LISTED_PIECE * databaseBytes) / CHANGED_PIECES_PER_BACKUP);
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
