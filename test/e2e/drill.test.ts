import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openDrillLab, type DrillLab } from '../support/drill-lab.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';
import { restic, resticJson } from '../support/restic.ts';
import { descendantsOf, isRunning, type SeenProcess } from '../support/running-keepsake.ts';
import { labAppMain } from '../support/service-lab/start-lab-app.ts';

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

/** No trace of a drill is left on the machine. */
function expectNothingLeft(): void {
  expect(lab.leftInScratch()).toEqual([]);
  expect(lab.copiesRunning()).toEqual([]);
}

async function namesOfItems(): Promise<string[]> {
  return (await lab.app.items()).map(({ name }) => name);
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
    expect(await namesOfItems()).not.toContain('ghost');
    expectNothingLeft();
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
    expectNothingLeft();
    const planned = await lab.keepsake(['--json', 'restore', 'latest', '--dry-run']);
    expect(messages(planned, 'plan')).toMatchObject([
      { proof: { outcome: 'proven' }, expected_seconds: expect.any(Number) as number },
    ]);
    const snapshots = await resticJson<{ tags?: string[] }[]>(lab.repository, PASSWORD, [
      'snapshots',
    ]);
    expect(snapshots.filter(({ tags }) => tags?.includes('proof')).length).toBeGreaterThan(1);
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
    expectNothingLeft();
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
      reason: expect.stringContaining('302') as string,
    },
  ]);
});

test.skipIf(!isRoot)(
  'a copy that never answers is inconclusive: exit 21, nothing runs on',
  async () => {
    lab.setCopy({ startDelayMs: 600_000, ignoreTerm: true });
    lab.configure({ drill: { timeout: '1s' } });
    const summary = await lab.drill(['--with', 'keepsake'], { exits: 21 });
    expect(summary).toMatchObject({ outcome: 'inconclusive' });
    expect(summary['reason']).toContain('did not answer in time');
    expectNothingLeft();
    lab.configure();
  },
);

test.skipIf(!isRoot)(
  'a copy whose settings name the live database reaches the copy of it',
  async () => {
    lab.setCopy({});
    const { database, uploads } = lab.app.folders;
    // It writes as soon as it starts, to the places its settings name.
    const code = `
      const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync(${JSON.stringify(database)});
      db.exec("UPDATE items SET name = 'ghost'");
      db.close();
      require('node:fs').writeFileSync(${JSON.stringify(`${uploads}/ghost.webp`)}, 'ghost');
      void import(${JSON.stringify(labAppMain)});
    `;
    lab.configure({
      environment: { DATABASE_URL: `file:${database}` },
      drill: { command: [process.execPath, '--disable-warning=ExperimentalWarning', '-e', code] },
    });
    const before = await lab.print();
    const summary = await lab.drill(['--with', 'keepsake']);
    expect(summary).toMatchObject({ outcome: 'proven', isolation: { files: true } });
    expect(await lab.print()).toEqual(before);
    expect(await namesOfItems()).not.toContain('ghost');
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

test('where the network cannot be taken from the copy, a drill must be allowed by name', async () => {
  lab.setCopy({});
  const bin = lab.join('no-namespaces');
  mkdirSync(bin);
  const unshare = '#!/bin/sh\necho "unshare: not permitted" >&2\nexit 1\n';
  writeFileSync(`${bin}/unshare`, unshare, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const refused = await lab.keepsake(['drill'], { exits: 2, env });
  expect(refused.stderr).toContain('unshare: not permitted');
  expect(refused.stderr).toContain('--allow-network');
  expect(lab.mails.received).toEqual([]);
  expect(lab.leftInScratch()).toEqual([]);
  const summary = await lab.drill(['--allow-network', '--with', 'keepsake'], { env });
  expect(summary).toMatchObject({ outcome: 'proven', isolation: { network: false, files: false } });
  // So it is the missing network that keeps mail in.
  await vi.waitFor(() => expect(lab.mails.received).toEqual(['started']));
  expect(lab.leftInScratch()).toEqual([]);
  expect(lab.copiesRunning()).toEqual([]);
});

/** A restic that begins to restore and does not come to an end. */
function slowRestic(): Record<string, string> {
  const bin = lab.join('slow-restic');
  mkdirSync(bin);
  const path = process.env['PATH'] ?? '';
  const lines = ['#!/bin/sh', `PATH='${path}'`, '[ "$1" = restore ] && sleep 600', 'restic "$@"'];
  writeFileSync(`${bin}/restic`, lines.join('\n'), { mode: 0o755 });
  return { PATH: `${bin}:${path}` };
}

interface Moment {
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Told on stdout. */
  readonly line?: string;
  /** Part of the argv of a process that Keepsake started, or that one of those did. */
  readonly program?: string;
}

/** Kills a drill and gives all that ran of it; its scratch is left. */
async function killAt({ args, env = {}, line = '', program = '' }: Moment): Promise<SeenProcess[]> {
  await using running = lab.start(['drill', ...args], env);
  for await (const said of running.lines) if (said.includes(line)) break;
  const ofDrill = await vi.waitFor(
    () => {
      const found = descendantsOf(running.pid);
      expect(found.map(({ argv }) => argv).join('\n')).toContain(program);
      return found;
    },
    { timeout: 30_000, interval: 20 },
  );
  expect(lab.leftInScratch()).not.toEqual([]);
  running.signal('SIGKILL');
  await running.ended();
  return ofDrill;
}

test.skipIf(!isRoot || !requireTool('restic'))(
  'a drill that is killed takes its copy along, and all else it started, at whatever moment; the next one removes its scratch',
  async () => {
    const before = await lab.print();
    lab.setCopy({ startDelayMs: 600_000 });
    const own = ['--with', 'keepsake'];
    const moments: Moment[] = [
      { args: own, line: 'restored by keepsake' },
      { args: own, line: 'content' },
      { args: own, line: 'starting a copy', program: 'lab-app-main' },
      { args: ['--with', 'restic'], env: slowRestic(), program: 'sleep 600' },
    ];
    for (const moment of moments) {
      const ofDrill = await killAt(moment);
      const allEnded = () => expect(ofDrill.filter(isRunning)).toEqual([]);
      await vi.waitFor(allEnded, { timeout: 10_000 });
      expect(lab.copiesRunning()).toEqual([]);
    }
    lab.setCopy({});
    expect(await lab.drill(own)).toMatchObject({ outcome: 'proven' });
    expectNothingLeft();
    expect(await lab.print()).toEqual(before);
    await lab.keepsake(['check', '--read-data']);
    expect(readdirSync(`${lab.repository}/locks`)).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'a copy runs as the app’s user, who sees nothing else of Keepsake’s; if it ends at its start that fails, and its last lines are told',
  async () => {
    const code = `
      const fs = require('node:fs');
      console.log('user', process.getuid(), 'keys', Object.keys(process.env).sort().join());
      try { fs.readdirSync(${JSON.stringify(lab.repository)}); } catch (error) { console.log(error.code); }
      process.exit(5);
    `;
    const drill = { command: [process.execPath, '-e', code], environment: { PORT: '{port}' } };
    lab.configure({ app: { 'run-as': 'nobody' }, drill });
    const { stdout } = await lab.keepsake(['drill', '--with', 'keepsake'], { exits: 21 });
    lab.configure();
    expect(stdout).toContain('user 65534 keys HOME,PATH,PORT,TMPDIR');
    expect(stdout).toMatch(/ENOENT|EACCES/);
    expect(stdout).toMatch(/NOT proven: .*the copy ended before it answered \(exit code 5\)/);
    expectNothingLeft();
  },
);

test.skipIf(!isRoot)('a proof that cannot be kept is told of, and the verdict stays', async () => {
  const summary = await withoutLock();
  expect(summary).toMatchObject({ outcome: 'proven' });
  expect(summary['proof_failure']).toContain('--no-lock');
  expect(summary['proof_id']).toBeUndefined();
});

test('scratch inside the app is refused before anything is restored', async () => {
  const inside = `${lab.app.root}/data/scratch`;
  const { stderr } = await lab.keepsake(['drill'], {
    exits: 2,
    env: { KEEPSAKE_SCRATCH_DIR: inside },
  });
  expect(stderr).toContain('lies inside the app');
});
