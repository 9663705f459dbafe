/** What a backup makes before it is asked for, killed half way and on a full disk: the data is the judge. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { labEnvironment, scratchOf, startIn } from '../support/running-keepsake.ts';
import { smallDisk } from '../support/small-disk.ts';

const MORTAL = fileURLToPath(new URL('../support/mortal-files-main.ts', import.meta.url));
/** So many that the index file is worth a copy. */
const FILES = 1100;
const DAY_BYTES = 1_000_000;

let lab: CompatLab;
let day = 0;

beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(lab.join('scratch'));
  mkdirSync(join(lab.source, 'uploads'));
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(join(lab.source, 'uploads', `${at}.webp`), `picture ${at}`);
  }
  inApp('CREATE TABLE days (day, noise)');
  await lab.keepsake(['backup', lab.source], { env: environment() });
}, 60_000);
afterAll(() => lab[Symbol.asyncDispose]());

function environment(): Record<string, string> {
  return { ...labEnvironment(lab), KEEPSAKE_CACHE_DIR: lab.join('cache') };
}

function inApp(sql: string): void {
  const app = new DatabaseSync(join(lab.source, 'app.db'));
  app.exec(`PRAGMA journal_mode = wal; ${sql}`);
  app.close();
}

/** Then nobody has the database open, and it has rested when the backup looks at it. */
function liveADay(): void {
  day += 1;
  inApp(`INSERT INTO days VALUES (${day}, randomblob(${DAY_BYTES}))`);
}

async function dies(folder: string, at: number, moment: string): Promise<void> {
  const env = {
    ...environment(),
    NODE_OPTIONS: `--import=${MORTAL}`,
    KEEPSAKE_TEST_DIES: `${folder}|${at}|${moment}`,
  };
  const run = startIn(lab, ['backup', lab.source], { env });
  expect(await run.ended(), run.stderr()).toMatchObject({ endedBy: 'SIGKILL' });
}

/** The app as it is now is what the next backup has, and restic finds nothing amiss. */
async function expectWholeBackup(): Promise<void> {
  const before = readFileSync(join(lab.source, 'app.db'));
  await lab.keepsake(['backup', lab.source], { env: environment() });
  expect(scratchOf(lab)).toEqual([]);
  expect(readFileSync(join(lab.source, 'app.db')).equals(before)).toBe(true);
  const target = lab.join(`restored-${readdirSync(lab.join('.')).length}`);
  await lab.keepsake(['restore', 'latest', '--target', target], { env: environment() });
  const below = join(target, lab.source.slice(1));
  expect(readdirSync(join(below, 'uploads'))).toHaveLength(FILES);
  using restored = new DatabaseSync(join(below, 'app.db'));
  expect(restored.prepare('SELECT max(day) AS day, count(*) AS n FROM days').get()).toEqual({
    day,
    n: day,
  });
  expect(restored.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  await lab.keepsake(['check', '--read-data']);
}

test.each(['before', 'after'])(
  'a backup killed %s each change in its scratch folder: the next has the data, and scratch is empty',
  async (moment) => {
    for (const at of [1, 2, 3, 4, 5]) {
      liveADay();
      await dies(lab.join('scratch'), at, moment);
      expect(scratchOf(lab).length).toBeLessThan(2);
    }
    await expectWholeBackup();
  },
  120_000,
);

test('a copy of the index that is cut off or garbled costs nothing but time', async () => {
  const copies = (): string[] =>
    readdirSync(lab.join('cache'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /derived\/..\/[0-9a-f]{64}$/.test(path))
      .map((path) => lab.join('cache', path));
  expect(copies().length).toBeGreaterThan(0);
  for (const garbage of [new Uint8Array(0), Buffer.alloc(100_000, 7)]) {
    for (const path of copies()) writeFileSync(path, garbage);
    liveADay();
    await expectWholeBackup();
  }
}, 120_000);

test.skipIf(!requireRoot())(
  'a scratch disk with room for one copy alone is enough',
  async () => {
    await using _ = await smallDisk(lab.join('scratch'), '20m');
    liveADay();
    await expectWholeBackup();
  },
  120_000,
);
