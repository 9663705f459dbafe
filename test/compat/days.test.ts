/** An app of ordinary size over two days, checked by both tools after each. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { compareTrees } from '../support/compare-trees.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireTool } from '../support/require-tool.ts';

const FILES = 1000;
const LARGE_BYTES = 12_000_000;
const ROWS = 5000;

interface BackupSummary {
  files_new: number;
  files_changed: number;
  files_unmodified: number;
  data_added: number;
}

describe.skipIf(!requireTool('restic'))('1,000 uploads, a 12 MB file and a 10 MB database', () => {
  test('are whole for restic after each of two days, and the second day costs what changed', async () => {
    await using lab = await openCompatLab();
    const database = join(lab.source, 'data/prod.db');
    layOutFirstDay(lab.source, database);
    await lab.initQuickly();
    const first = await backUp(lab);
    expect(first.files_new).toBe(FILES + 2);
    expect(first.data_added).toBeGreaterThan(22_000_000);
    await lab.checkWithBoth();

    changeForSecondDay(lab.source, database);
    const second = await backUp(lab);
    expect(second).toMatchObject({ files_new: 20, files_unmodified: FILES - 10 + 1 });
    expect(second.data_added).toBeLessThan(3_000_000);
    await lab.checkWithBoth();

    await lab.restic(['restore', 'latest', '--target', lab.join('by restic')]);
    await lab.keepsake(['restore', 'latest', '--target', lab.join('by us')]);
    for (const target of ['by restic', 'by us']) {
      const restored = join(lab.join(target), lab.source);
      expect(await compareTrees(lab.source, restored)).toEqual([]);
      expect(factsOf(join(restored, 'data/prod.db'))).toEqual({
        integrity: 'ok',
        rows: ROWS + 20,
        changed: 100,
      });
    }
  });
});

function layOutFirstDay(source: string, database: string): void {
  mkdirSync(join(source, 'uploads'));
  mkdirSync(join(source, 'data'));
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(uploadPath(source, at), randomBytes(100 + (at % 3000)));
  }
  writeFileSync(join(source, 'video.mp4'), randomBytes(LARGE_BYTES));
  const db = new DatabaseSync(database);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE item(id INTEGER PRIMARY KEY, note TEXT, picture BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO item SELECT i, 'as it was', randomblob(1900) FROM n;`);
  db.close();
}

function changeForSecondDay(source: string, database: string): void {
  for (let at = 0; at < 20; at += 1) {
    writeFileSync(uploadPath(source, FILES + at), randomBytes(2000));
  }
  for (let at = 0; at < 10; at += 1) rmSync(uploadPath(source, at * 97));
  const db = new DatabaseSync(database);
  db.exec(`UPDATE item SET note = 'changed' WHERE id % ${ROWS / 100} = 7;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
      INSERT INTO item(note, picture) SELECT 'new', randomblob(1900) FROM n;`);
  db.close();
}

function uploadPath(source: string, at: number): string {
  return join(source, 'uploads', `${at.toString().padStart(5, '0')}.webp`);
}

function factsOf(database: string): Record<string, unknown> {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const counts = "count(*) AS rows, sum(note = 'changed') AS changed";
    const integrity = Object.values(db.prepare('PRAGMA integrity_check').get() ?? {})[0];
    return { integrity, ...db.prepare(`SELECT ${counts} FROM item`).get() };
  } finally {
    db.close();
  }
}

async function backUp(lab: CompatLab): Promise<BackupSummary> {
  const { stdout } = await lab.keepsake(['backup', '--json', lab.source]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
}
