/** Copies made by hand beside a running writer, as `cp` and `ssh … tar` make them, and imported. */
import { closeSync, existsSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { messages, openAppLab } from '../support/app-lab.ts';
import { runProgramOk } from '../support/run-program.ts';
import { startBank } from '../support/sqlite-bank-app.ts';

const COPIES = 6;
const PIECE_BYTES = 16 * 1024;

/** As over a slow line: the writer goes on meanwhile. */
async function copySlowly(from: string, to: string): Promise<void> {
  const [source, target] = [openSync(from, 'r'), openSync(to, 'w')];
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const length = readSync(source, piece, 0, PIECE_BYTES, null);
    if (length === 0) break;
    writeSync(target, piece, 0, length);
    await sleep(2);
  }
  closeSync(source);
  closeSync(target);
}

function integrityOf(path: string): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
}

interface Imported {
  readonly snapshot_id: string;
  readonly tags: string[];
  readonly databases: { verdict: string }[];
}

test.each(['delete', 'wal'] as const)(
  'a copy torn by a writer (%s) is told from a sound one: what is not tagged unverified is sound',
  async (journalMode) => {
    await using lab = await openAppLab();
    const folder = lab.join('live');
    mkdirSync(folder);
    const database = join(folder, 'prod.db');
    const archives: string[] = [];
    {
      const progressFile = lab.join('progress');
      const checkpointer = journalMode === 'wal';
      const options = { database, journalMode, progressFile, seed: 7, checkpointer };
      await using bank = await startBank(options);
      for (let at = 0; at < COPIES; at += 1) {
        const copies = lab.join(`copy-${at}`);
        mkdirSync(copies);
        for (const ending of ['', '-wal']) {
          if (existsSync(database + ending)) {
            await copySlowly(database + ending, join(copies, `prod.db${ending}`));
          }
        }
        const archive = lab.join(`bank-2025110${at + 1}.tar.gz`);
        await runProgramOk(['tar', '-czf', archive, '-C', copies, '.']);
        archives.push(archive);
      }
      expect(await bank.committed()).toBeGreaterThan(COPIES);
    }
    const result = await lab.keepsake(['--json', 'import', '--root', '/srv/bank', ...archives], {
      exits: 3,
    });
    const imported = messages(result, 'import') as unknown as Imported[];
    expect(imported).toHaveLength(COPIES);
    const torn = imported.filter(({ databases }) => databases[0]?.verdict !== 'sound');
    expect(torn.length).toBeGreaterThan(0);
    for (const { snapshot_id: id, tags, databases } of imported) {
      expect(tags.includes('unverified')).toBe(databases[0]?.verdict !== 'sound');
      if (databases[0]?.verdict !== 'sound') continue;
      const target = lab.join(`restored-${id}`);
      await lab.restoreHere(id, target);
      expect(integrityOf(join(target, 'srv/bank/prod.db'))).toBe('ok');
    }
    await lab.keepsake(['check', '--read-data']);
  },
);
