import { createReadStream, createWriteStream, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, expect, test } from 'vitest';
import type { CaptureOptions } from '../../src/sqlite/capture.ts';
import { openGate } from '../../src/sqlite/gate.ts';
import { openLab, type CaptureLab } from '../support/capture-lab.ts';
import { startBank, type BankApp } from '../support/sqlite-bank-app.ts';
import { examineBank } from '../support/sqlite-bank.ts';

const CAPTURES = Number(process.env['KEEPSAKE_SOAK_CAPTURES'] ?? 200);
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const PLENTY_OF_TIME_MS = 60_000 + CAPTURES * 300;

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist';

/** A hostile writer, and in WAL mode a process that checkpoints at random. */
function startHostileApp(lab: CaptureLab, journalMode: JournalMode): Promise<BankApp> {
  return startBank({
    database: lab.path(),
    journalMode,
    progressFile: lab.outside('progress'),
    seed: SEED,
    checkpointer: journalMode === 'wal',
  });
}

interface Seen {
  readonly states: Set<number>;
  /** Captures that stayed with the way they were asked for. */
  asked: number;
}

/** Captures the app's database again and again; each must be a committed state, and not too old. */
async function captureOften(
  { lab, app, count }: { lab: CaptureLab; app: BankApp; count: number },
  options: Partial<CaptureOptions>,
): Promise<Seen> {
  const seen: Seen = { states: new Set(), asked: 0 };
  for (let done = 0; done < count; done += 1) {
    const acknowledged = await app.committed();
    await using captured = await lab.capture(options);
    const { problems, commits } = examineBank(captured.imagePath);
    expect(problems).toEqual([]);
    expect(commits).toBeGreaterThanOrEqual(acknowledged);
    expect(captured.facts.integrity.result).toBe('ok');
    expect(captured.readLockMs).toBeLessThan(2000);
    expect(readdirSync(dirname(captured.imagePath))).toEqual(['image.db']);
    seen.states.add(commits);
    if (captured.method === options.method) seen.asked += 1;
  }
  return seen;
}

test.each([
  ['raw', 'wal', CAPTURES],
  ['raw', 'delete', CAPTURES],
  ['raw', 'truncate', CAPTURES / 10],
  ['raw', 'persist', CAPTURES / 10],
  ['backup', 'wal', CAPTURES / 4],
  ['backup', 'delete', CAPTURES / 4],
  ['backup', 'truncate', CAPTURES / 20],
  ['backup', 'persist', CAPTURES / 20],
] as const)(
  'each %s capture of a busy %s database is a committed state with all that was acknowledged before (%i)',
  async (method, journalMode, count) => {
    await using lab = await openLab(gate);
    await using app = await startHostileApp(lab, journalMode);
    const seen = await captureOften({ lab, app, count }, { method });
    expect(seen.states.size).toBeGreaterThan(count / 3);
    // A log that starts anew again and again leaves raw reading in doubt.
    expect(seen.asked).toBeGreaterThan(count * 0.9);
    expect(lab.leftovers()).toEqual([]);
  },
  PLENTY_OF_TIME_MS,
);

test.each(['wal', 'delete'] as const)(
  'plain copies of the same busy %s database are often wrong: the writer is hostile enough',
  async (journalMode) => {
    await using lab = await openLab();
    await using app = await startHostileApp(lab, journalMode);
    let wrong = 0;
    for (let tries = 0; tries < 100; tries += 1) {
      const acknowledged = await app.committed();
      const copy = lab.outside(`copy-${tries}.db`);
      await pipeline(createReadStream(lab.path()), createWriteStream(copy));
      const { problems, commits } = examineBank(copy);
      if (problems.length > 0 || commits < acknowledged) wrong += 1;
    }
    expect(wrong).toBeGreaterThan(5);
  },
);
