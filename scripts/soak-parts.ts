/** The parts of `npm run soak`: what each runs, and what it counts. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runVitest } from './run-vitest.ts';
import { DEATHS_OF } from './soak-record.ts';

export interface SoakOrder {
  readonly seed: number;
  /** Raw captures: number of the first, and how many. */
  readonly from: number;
  readonly captures: number;
  /** Whole backups of each journal mode. */
  readonly backups: number;
}

export interface SoakOutcome {
  /** Names and numbers for the page: `captures 5000, kills 98`. */
  readonly counts: Readonly<Record<string, number>>;
  /** What is not as it should be; 0 is the aim. */
  readonly wrong: number;
}

export interface SoakPart {
  readonly name: string;
  readonly what: string;
  /** Whether it goes on from capture to capture, so that it can be cut into pieces. */
  readonly isCounted?: boolean;
  readonly run: (order: SoakOrder) => SoakOutcome;
}

const capturesMain = fileURLToPath(
  new URL('../test/support/soak-captures-main.ts', import.meta.url),
);
/** A capture that is refused is no wrong one, but more than so many are no use to anybody. */
const MOST_REFUSED = 0.01;

function captureRaw(journalMode: 'wal' | 'delete', order: SoakOrder): SoakOutcome {
  const { seed, from, captures } = order;
  const args = [capturesMain, journalMode, String(seed), String(from), String(captures)];
  const { stdout } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    },
  );
  try {
    const { wrong = 1, ...counts } = JSON.parse(stdout) as Record<string, number>;
    const tooManyRefused = (counts['refused'] ?? 0) > captures * MOST_REFUSED;
    const noPartial = journalMode === 'wal' && (counts['partial'] ?? 0) === 0;
    return { counts, wrong: wrong + Number(tooManyRefused) + Number(noPartial) };
  } catch {
    return { counts: {}, wrong: 1 }; // it ended before its tally, and said why
  }
}

function runTests(args: readonly string[], environment: Record<string, string>): SoakOutcome {
  const limits = ['--testTimeout=0', '--hookTimeout=0'];
  const { passed, failed } = runVitest([...limits, ...args], { ...process.env, ...environment });
  return { counts: { tests: passed }, wrong: failed };
}

function liveTests(files: readonly string[], { seed, captures, backups }: SoakOrder): SoakOutcome {
  return runTests(
    files.map((file) => `test/live/${file}.test.ts`),
    {
      KEEPSAKE_SOAK_CAPTURES: String(captures),
      KEEPSAKE_SOAK_BACKUPS: String(backups),
      KEEPSAKE_SOAK_SEED: String(seed),
    },
  );
}

interface CrashTests {
  /** Below `test/crash`. */
  readonly files: readonly string[];
  /** Those that stand beside their code. */
  readonly others?: readonly string[];
  readonly pattern?: string;
}

/** Each n is a death, see `test/support/crash-steps.ts`. */
function crashTests({ files, others = [], pattern }: CrashTests, { seed }: SoakOrder): SoakOutcome {
  const which = pattern === undefined ? [] : ['-t', pattern];
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-soak-'));
  try {
    const tally = join(folder, 'deaths');
    const paths = [...files.map((file) => `test/crash/${file}.test.ts`), ...others];
    const { counts, wrong } = runTests([...paths, ...which], {
      KEEPSAKE_SOAK_CRASH_STEP: '1',
      KEEPSAKE_SOAK_DEATHS: tally,
      KEEPSAKE_SOAK_KILLS: '40',
      KEEPSAKE_SOAK_SEED: String(seed),
    });
    return { counts: { ...counts, ...deathsIn(tally) }, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function crashPart(name: string, what: string, tests: CrashTests): SoakPart {
  return { name, what, run: (order) => crashTests(tests, order) };
}

/** By what died. */
function deathsIn(tally: string): Record<string, number> {
  const deaths: Record<string, number> = {};
  for (const line of readTally(tally).split('\n')) {
    const [, count = '', what = ''] = /^(\d+) (.+)$/.exec(line) ?? [];
    if (what === '') continue;
    const name = `${DEATHS_OF}${what}`;
    deaths[name] = (deaths[name] ?? 0) + Number(count);
  }
  return deaths;
}

function readTally(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no test counted any
  }
}

/** Of whole captures, checks included, fewer than raw ones: they take ten times as long. */
const WHOLE_SHARE = 5;

const BESIDE = [
  'src/repository/open-repository.test.ts',
  'src/repository/blob-saver.test.ts',
  'src/repository/repair-index.test.ts',
  'src/snapshot/repair-snapshots.test.ts',
  'src/backend/local-durability.test.ts',
];

export const SOAK_PARTS: readonly SoakPart[] = [
  {
    name: 'captures-wal',
    what: 'raw captures, whole and of changes, WAL: writer, checkpointer, slow reader, `kill -9`',
    isCounted: true,
    run: (order) => captureRaw('wal', order),
  },
  {
    name: 'captures-delete',
    what: 'raw captures, rollback journal: writer, slow reader, `kill -9`',
    isCounted: true,
    run: (order) => captureRaw('delete', order),
  },
  {
    name: 'live-captures',
    what: 'whole captures, raw images and changes in all journal modes; stopped and killed apps',
    run: (order) => {
      const captures = Math.ceil(order.captures / WHOLE_SHARE);
      const files = ['capture', 'raw-reading', 'capture-stopped', 'changed-pages'];
      return liveTests(files, { ...order, captures });
    },
  },
  {
    name: 'live-backups',
    what: 'whole backups of a busy app, WAL and rollback journal, and of one that comes and goes, each judged',
    run: (order) => liveTests(['backup', 'unchanged-database', 'visited-database'], order),
  },
  {
    name: 'live-large',
    what: 'databases of more than 1 GiB',
    run: (order) => liveTests(['capture-large'], order),
  },
  crashPart('crash-backup', 'backups that die at each single change of the store and of the disk', {
    files: ['backup-crash'],
  }),
  crashPart(
    'crash-restore',
    'restores and dumps cut off at each single change of the disk, in four ways',
    { files: ['restore-crash'], pattern: 'a restore|a dump' },
  ),
  crashPart('crash-verify', 'verify, cut off at each of its changes, the four ways by turns', {
    files: ['restore-crash'],
    pattern: 'a verify',
  }),
  crashPart('crash-in-place', 'restores in place and rollbacks that die at each single call', {
    files: ['restore-in-place-crash'],
    others: ['test/e2e/restore-file-systems.test.ts'],
  }),
  crashPart(
    'crash-guard',
    'guard and update that die at each single call, on their way back, too',
    { files: ['guard-crash'] },
  ),
  crashPart(
    'crash-live',
    '`restore --live` that dies at each single call, or finds the disk full from there on',
    { files: ['restore-live-crash'] },
  ),
  crashPart('crash-disk-full', 'a restore in place whose disk is full from each single call on', {
    files: ['restore-disk-full'],
  }),
  crashPart('crash-rebuild', 'rebuilds that die at each single change of the disk', {
    files: ['rebuild-crash'],
  }),
  crashPart(
    'crash-others',
    'init, keys, import, export, drill, both repairs and the removal of old files, at each change',
    {
      files: ['key-crash', 'import-crash', 'export-crash', 'drill-crash', 'kept-files-crash'],
      others: BESIDE,
    },
  ),
  crashPart('crash-processes', 'processes killed and cancelled at random moments', {
    files: ['backup-processes', 'restore-processes'],
  }),
];
