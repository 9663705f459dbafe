/**
 * How large the pieces are in which a database is stored.
 *
 * A database changes in whole pages, so pieces that begin at page borders deduplicate. A backup
 * after a day of 100 scattered updates and 20 inserts costs about `64 × b` for the changed pieces of
 * b bytes (more of them change, but they are compressed), plus `34 × S / b` for the list of all
 * pieces (34 bytes each once compressed; S is the size of the database). The sum is smallest at
 * b = sqrt(34 × S / 64). A piece that followed S so closely would make the first part grow with
 * every database, so it stays the same over a wide range: a day costs what was changed, plus the
 * list.
 *
 * | database | piece | changed + list | at the best size |
 * | --- | --- | --- | --- |
 * | 11 MB | 4 KiB | 0.3 + 0.1 MB | 0.2 + 0.2 MB |
 * | 65 MB | 4 KiB | 0.3 + 0.5 MB | 0.4 + 0.4 MB |
 * | 260 MB | 4 KiB | 0.3 + 2.2 MB | 0.8 + 0.8 MB |
 * | 290 MB | 16 KiB | 1.0 + 0.6 MB | 0.8 + 0.8 MB |
 * | 1.2 GB | 16 KiB | 1.0 + 2.5 MB | 1.6 + 1.6 MB |
 * | 4 GB | 64 KiB | 4.2 + 2.1 MB | 3.0 + 3.0 MB |
 * | 16 GB | 64 KiB | 4.2 + 8.3 MB | 5.9 + 5.9 MB |
 *
 * Measured, bytes stored for such a day with everything else in the snapshot (first backup):
 *
 * | database | 4 KiB | 8 KiB | 16 KiB | 32 KiB |
 * | --- | --- | --- | --- | --- |
 * | 11 MB | 0.38 MB | 0.59 MB | 0.99 MB | |
 * | 16 MB | 0.44 MB | 0.69 MB | 1.16 MB | |
 * | 65 MB | 0.86 MB | 0.92 MB | | |
 * | 260 MB | 2.57 MB | | 2.04 MB | |
 * | 290 MB | | 1.74 MB (91 MB) | 1.53 MB (84 MB) | 1.95 MB (79 MB) |
 * | 1.2 GB | | | 3.31 MB | 2.7 MB |
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

/** Pieces of so many bytes for databases below so many. */
const STEPS = [
  { belowBytes: 256 * 2 ** 20, pieceBytes: LEAST_BYTES },
  { belowBytes: 2 * 2 ** 30, pieceBytes: 16_384 },
] as const;

/**
 * Bytes per piece: a power of two and a multiple of `pageSize`.
 *
 * @param previous what the previous backup of this database used
 */
export function pageChunkSize(databaseBytes: number, pageSize: number, previous?: number): number {
  const step = STEPS.find(({ belowBytes }) => databaseBytes < belowBytes);
  const usual = Math.max(pageSize, step?.pieceBytes ?? MOST_BYTES);
  if (previous === undefined || !isUsable(previous, pageSize)) return usual;
  const best = Math.sqrt((BYTES_PER_LISTED_PIECE * databaseBytes) / CHANGED_PIECES_PER_BACKUP);
  const isFarOff = best >= STICKY_FACTOR * previous || best <= previous / STICKY_FACTOR;
  return isFarOff ? usual : previous;
}

/** The page size changes with a VACUUM; a manifest may hold anything. */
function isUsable(size: number, pageSize: number): boolean {
  return (
    Number.isInteger(Math.log2(size)) &&
    size >= Math.max(pageSize, LEAST_BYTES) &&
    size <= MOST_BYTES
  );
}
