/**
 * SQLite's files, told apart without SQLite.
 * Source: sqlite.org/fileformat2.html §1.2 (the database header: magic at offset 0) and §4.1, §1.3
 * (the WAL and the rollback journal lie beside the database, their names end as below).
 */
import { asBuffer } from '../base/bytes.ts';
import { openForReading } from './open-for-reading.ts';
import { closeSync, lstatSync, readSync } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import { errnoCode } from '../host/system-call-error.ts';

const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const SIDECAR = /^(.+)-(?:wal|shm|journal)$/s;
const head = new Uint8Array(MAGIC.length);

/** The database's name (or path), if `name` ends as one of its sidecars does. */
export function databaseOfSidecar(name: string): string | undefined {
  return SIDECAR.exec(name)?.[1];
}

/**
 * Whether the file begins as a SQLite database does. Reads 16 bytes; not to be called in a process
 * that has the database open, whose locks closing it would drop.
 */
export function hasDatabaseMagic(path: string): boolean {
  const fd = openForReading(path);
  try {
    return readSync(fd, head, 0, head.length, 0) === head.length && startsWithDatabaseMagic(head);
  } finally {
    closeSync(fd);
  }
}

/** As `hasDatabaseMagic`; what is absent or unreadable does not look like one. */
export function looksLikeDatabase(path: string): boolean {
  try {
    return hasDatabaseMagic(path);
  } catch {
    return false;
  }
}

/** Whether `bytes`, a file's first, are those of a SQLite database. */
export function startsWithDatabaseMagic(bytes: Uint8Array): boolean {
  return (
    bytes.length >= MAGIC.length &&
    asBuffer(bytes).compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) === 0
  );
}

/** A new database in WAL mode is empty until its first checkpoint: all of it is in the WAL. */
export function hasFilledWal(path: string): boolean {
  try {
    const stats = lstatSync(fsPath(`${path}-wal`), { throwIfNoEntry: false });
    return stats !== undefined && stats.isFile() && stats.size > 0;
  } catch (error) {
    // A name of 252 to 255 bytes: no file system has one that is longer by the four of `-wal`.
    if (errnoCode(error) === 'ENAMETOOLONG') return false;
    throw error;
  }
}
