import { expect, test } from 'vitest';
import { openLab } from '../support/capture-lab.ts';
import { makeDatabase, openSession } from '../support/sqlite-session.ts';

const isSoak = process.env['KEEPSAKE_SOAK_CAPTURES'] !== undefined;
const LOCK_PAGE = 2 ** 30 / 4096 + 1;

/** Page 262145 holds SQLite's locks and never any data: https://www.sqlite.org/fileformat2.html §1.1. */
test.skipIf(!isSoak).each(['WAL', 'DELETE'])(
  'a %s database of more than 1 GiB is captured, lock page and all',
  async (journalMode) => {
    await using lab = await openLab();
    const size = 1_150_000_000;
    makeDatabase(
      lab.path(),
      `PRAGMA journal_mode = ${journalMode}; PRAGMA synchronous = OFF; CREATE TABLE t(a);
       INSERT INTO t VALUES (zeroblob(600000000)), (zeroblob(${size - 600_000_000})), ('end')`,
    );
    await using _ = await openSession(lab.path(), "INSERT INTO t VALUES ('later')");
    await using captured = await lab.capture({ lockLimitMs: 60_000 });
    expect(captured.facts.pageCount).toBeGreaterThan(LOCK_PAGE);
    expect(captured.facts.tables[0]?.rowCount).toBe(4);
    expect(captured.facts.integrity.result).toBe('ok');
  },
);
