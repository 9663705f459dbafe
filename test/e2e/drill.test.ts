import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { expectNothingLeft, openDrillLab, type DrillLab } from '../support/drill-lab.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';
import { restic, resticJson } from '../support/restic.ts';

const isRoot = requireRoot() && requireTool('unshare');

let lab: DrillLab;
/** Of a database without users. */
let sick: string;
let snapshot: string;

beforeAll(async () => {
  lab = await openDrillLab();
  sick = await backUpWithoutUsers();
  snapshot = await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

async function backUpWithoutUsers(): Promise<string> {
  using db = new DatabaseSync(lab.app.folders.database, {
    enableForeignKeyConstraints: false,
    timeout: 10_000, // the app uses it, too
  });
  db.exec('CREATE TABLE kept AS SELECT * FROM user; DELETE FROM user');
  const id = await lab.backUp();
  db.exec('INSERT INTO user SELECT * FROM kept; DROP TABLE kept');
  return id;
}

type Summary = Record<string, unknown>;

/** One drill is looked at from several sides. */
const byKeepsake = once(async () => {
  lab.setCopy({});
  return lab.drill(['--with', 'keepsake']);
});
/** The next one, whose files get another owner: the sheet says so. */
const afterKeepsake = once(async () => {
  await byKeepsake();
  lab.configure({ app: { owner: 'nobody' } });
  const summary = await lab.drill();
  lab.configure();
  return summary;
});
/** The one after that, as another user and without a lock: of it nothing is kept. */
const withoutLock = once(async () => {
  await afterKeepsake();
  lab.configure({ app: { 'run-as': 'nobody' } });
  const summary = await lab.drill(['--no-lock']);
  lab.configure();
  return summary;
});

function once(work: () => Promise<Summary>): () => Promise<Summary> {
  let result: Promise<Summary> | undefined;
  return () => (result ??= work());
}

test.skipIf(!isRoot)(
  'a good snapshot is proven by a copy that answers, and neither mail sink, live port nor live folder notice',
  async () => {
    const before = await lab.print();
    const summary = await byKeepsake();
    expect(summary).toMatchObject({
      outcome: 'proven',
      snapshot_id: snapshot,
      restored_with: 'keepsake',
      hostname: 'homeserver',
      page: { path: '/login', status: 200, size_bytes: 16 },
      isolation: { network: true, files: true },
    });
    expect(summary['checks']).toContainEqual(
      expect.objectContaining({ check: 'references', missing_count: 0, difference_count: 0 }),
    );
    expect(await lab.print()).toEqual(before);
    expect(lab.mails.received).toEqual([]);
    expect(await lab.namesOfItems()).not.toContain('ghost');
    expectNothingLeft(lab);
  },
);

test.skipIf(!isRoot)(
  'what a drill found lies in the repository, and latest is never a proof',
  async () => {
    const { id, proof_id: proof } = await byKeepsake();
    const { stdout } = await lab.keepsake([
      'dump',
      String(proof),
      `/.keepsake/proof-${String(id)}.json`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, id, outcome: 'proven', snapshot });
    const known = await lab.keepsake(['--json', 'snapshots', '--tag', 'proof-of:wishlist']);
    expect(known.stdout).toContain(String(proof));
    const verified = await lab.keepsake(['--json', 'verify', 'latest']);
    expect(messages(verified, 'summary')).toMatchObject([{ snapshot_id: snapshot }]);
  },
);

test.skipIf(!isRoot || !requireTool('restic'))(
  'drills restore by Keepsake and by stock restic in turns',
  async () => {
    const first = await afterKeepsake();
    expect(first).toMatchObject({ outcome: 'proven', restored_with: 'restic' });
    expect(first['program']).toMatch(/^restic 0\.\d+/);
    expect(await withoutLock()).toMatchObject({ outcome: 'proven', restored_with: 'keepsake' });
    expectNothingLeft(lab);
    const planned = await lab.keepsake(['--json', 'restore', 'latest', '--dry-run']);
    expect(messages(planned, 'plan')).toMatchObject([
      { proof: { outcome: 'proven' }, expected_seconds: expect.any(Number) as number },
    ]);
    const snapshots = await resticJson<{ id: string; tags?: string[] }[]>(
      lab.repository,
      PASSWORD,
      ['snapshots'],
    );
    // In the order of their times; of the drill without a lock none is kept.
    const proofs = snapshots.filter(({ tags }) => tags?.includes('proof'));
    const { proof_id: earlier } = await byKeepsake();
    expect(proofs.map(({ id }) => id)).toEqual([earlier, first['proof_id']]);
    await restic(lab.repository, PASSWORD, ['check', '--read-data']);
  },
);

interface RanCommand {
  readonly step: string;
  readonly text: string;
  readonly printed?: string;
  readonly exit_code: number | null;
  readonly seconds: number;
}

function recoveryOf(summary: Summary): { commands: RanCommand[]; skipped: { step: string }[] } {
  return summary['recovery'] as ReturnType<typeof recoveryOf>;
}

test.skipIf(!isRoot || !requireTool('restic'))(
  'a drill by restic runs the recovery sheet’s lines as printed, but for its own places and no lock',
  async () => {
    const { commands, skipped } = recoveryOf(await afterKeepsake());
    lab.configure({ app: { owner: 'nobody' } });
    const { stdout } = await lab.keepsake(['recovery-sheet']);
    lab.configure();
    for (const { text, printed = text, ...ran } of commands) {
      expect(stdout).toContain(printed.replaceAll(/^/gm, '  '));
      expect(ran.exit_code).toBe(0);
    }
    const substituted = commands.filter(({ printed }) => printed !== undefined);
    expect(substituted.map(({ text }) => text.replace(/=.*|[0-9a-f]{64}/, ''))).toEqual([
      'export RESTIC_PASSWORD_FILE',
      'restic snapshots --tag app:wishlist --no-lock',
      'TARGET',
      'INTO',
      'restic restore  --target "$TARGET" --no-lock',
    ]);
    const steps = new Set(commands.map(({ step }) => step));
    expect([...steps]).toEqual(['access', 'look', 'target', 'aside', 'restore', 'place', 'owner']);
    expect(skipped.map(({ step }) => step)).toEqual(['stop', 'start', 'health']);
    expect(commands.find(({ step }) => step === 'restore')?.seconds).toBeGreaterThan(0);
    expect(JSON.stringify(commands)).not.toContain(PASSWORD);
  },
);

test.skipIf(!isRoot || !requireTool('restic'))(
  'a line of the recovery sheet that fails is a failed drill that names it',
  async () => {
    // The paper would fail like this: the snapshot does not have what the config names by now.
    lab.configure({ app: { files: ['data', 'uploads', 'later'] } });
    const passwordFile = lab.join('password');
    writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
    const env = { KEEPSAKE_PASSWORD: '', KEEPSAKE_PASSWORD_FILE: passwordFile };
    const summary = await lab.drill(['--with', 'restic'], { exits: 21, env });
    lab.configure();
    expect(summary).toMatchObject({ outcome: 'failed' });
    expect(summary['reason']).toContain(
      'a line of the recovery sheet failed (exit code 1): for path',
    );
    const { commands } = recoveryOf(summary);
    expect(commands.at(-1)).toMatchObject({ step: 'place', exit_code: 1 });
    // The sheet's own file is here, and was used.
    const own = commands.find(({ text }) => text.includes('PASSWORD_FILE'));
    expect(own).toEqual({
      step: 'access',
      text: expect.stringContaining(passwordFile) as string,
      exit_code: 0,
      seconds: expect.any(Number) as number,
    });
    expect(summary['page']).toBeUndefined();
    expectNothingLeft(lab);
  },
);

test.skipIf(!isRoot)('a copy without users sends to /setup-wizard and fails: exit 21', async () => {
  lab.setCopy({});
  const { stdout } = await lab.keepsake(['drill', sick, '--with', 'keepsake'], { exits: 21 });
  expect(stdout).toContain('NOT proven');
  expect(stdout).toContain('302 to /setup-wizard: the database holds no users');
  const known = await lab.keepsake(['--json', 'history', '-n', '1']);
  expect(messages(known, 'run')).toMatchObject([
    {
      verb: 'drill',
      outcome: 'failed',
      app: 'wishlist',
      reason: expect.stringContaining(
        '302 to /setup-wizard: the database holds no users',
      ) as string,
    },
  ]);
});

test.skipIf(!isRoot)(
  'a copy that never answers is inconclusive: exit 21, nothing runs on',
  async () => {
    lab.setCopy({ startDelayMs: 600_000, ignoreTerm: true });
    lab.configure({ drill: { timeout: '2s' } });
    const summary = await lab.drill(['--with', 'keepsake'], { exits: 21 });
    expect(summary).toMatchObject({ outcome: 'inconclusive' });
    expect(summary['reason']).toContain('did not answer in time');
    expectNothingLeft(lab);
    lab.configure();
  },
);

test('without a drill command the data is judged, and the drill is inconclusive', async () => {
  lab.configure({ app: { drill: undefined } });
  const summary = await lab.drill(['--with', 'keepsake'], { exits: 21 });
  expect(summary).toMatchObject({ outcome: 'inconclusive' });
  expect(summary['reason']).toContain('drill.command');
  expect((summary['checks'] as unknown[]).length).toBeGreaterThan(5);
  lab.configure();
});

test.skipIf(!isRoot)('a proof that cannot be kept is told of, and the verdict stays', async () => {
  const summary = await withoutLock();
  expect(summary).toMatchObject({ outcome: 'proven' });
  expect(summary['proof_failure']).toContain('--no-lock');
  expect(summary['proof_id']).toBeUndefined();
});
