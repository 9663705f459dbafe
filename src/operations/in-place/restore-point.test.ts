import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openInPlaceLab } from '../../../test/support/in-place-lab.ts';
import { PLACE_NAME } from './change-journal.ts';

/** SQLite still reads every row, but pages are in no table and no index. */
function damage(database: string): void {
  const db = new DatabaseSync(database);
  db.exec('CREATE TABLE odd (a); CREATE INDEX odd_a ON odd (a); INSERT INTO odd VALUES (1), (2)');
  db.enableDefensive(false);
  db.exec("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'odd_a'");
  db.close();
}

test.each([false, true])(
  'old files are removed after the next backup only where nothing of them is missing in the repository or damaged (damaged: %s)',
  async (isDamaged) => {
    const { lab, snapshot } = await openInPlaceLab();
    await using _lab = lab;
    if (isDamaged) damage(lab.backup.app.database);
    const { journal, keptIn, salvageable } = await lab.restore(snapshot);
    expect(journal.restorePoint?.kind).toBe('snapshot');
    expect(journal.finalPoint?.kind).toBe(isDamaged ? 'aside' : 'snapshot');
    const [place = ''] = keptIn;
    const copy = join(place, 'old', lab.backup.app.database);
    expect(salvageable).toEqual(isDamaged ? [copy] : []);
    await lab.dropKeptFiles();
    const places = readdirSync(lab.root).filter((name) => PLACE_NAME.test(name));
    expect(places).toHaveLength(isDamaged ? 1 : 0);
  },
);
