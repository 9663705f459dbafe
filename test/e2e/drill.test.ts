import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openDrillLab, type DrillLab } from '../support/drill-lab.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';
import { restic, resticJson } from '../support/restic.ts';
import { labAppMain } from '../support/service-lab/start-lab-app.ts';

const isRoot = requireRoot() && requireTool('unshare');

let lab: DrillLab;
let snapshot: string;

beforeAll(async () => {
  lab = await openDrillLab();
  snapshot = await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** No trace of a drill is left on the machine. */
function expectNothingLeft(): void {
  expect(lab.leftInScratch()).toEqual([]);
  expect(lab.copiesRunning()).toEqual([]);
}

async function namesOfItems(): Promise<string[]> {
  return (await lab.app.items()).map(({ name }) => name);
}

test.skipIf(!isRoot)(
  'a good snapshot is proven by a copy that answers, and neither mail sink, live port nor live folder notice',
  async () => {
    lab.setCopy({});
    const before = await lab.print();
    const summary = await lab.drill();
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
    lab.setCopy({});
    const { id, proof_id: proof } = await lab.drill(['--with', 'keepsake']);
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
    await restic(lab.repository, PASSWORD, ['check', '--read-data']);
  },
);

test.skipIf(!isRoot || !requireTool('restic'))(
  'drills restore by Keepsake and by stock restic in turns',
  async () => {
    lab.setCopy({});
    await lab.drill(['--with', 'keepsake']);
    const first = await lab.drill();
    expect(first).toMatchObject({ outcome: 'proven', restored_with: 'restic' });
    expect(first['program']).toMatch(/^restic 0\.\d+/);
    expect(await lab.drill()).toMatchObject({ outcome: 'proven', restored_with: 'keepsake' });
    expectNothingLeft();
    const planned = await lab.keepsake(['--json', 'restore', 'latest', '--dry-run']);
    expect(messages(planned, 'plan')).toMatchObject([
      { proof: { outcome: 'proven' }, expected_seconds: expect.any(Number) as number },
    ]);
    const snapshots = await resticJson<{ tags?: string[] }[]>(lab.repository, PASSWORD, [
      'snapshots',
    ]);
    expect(snapshots.filter(({ tags }) => tags?.includes('proof')).length).toBeGreaterThan(2);
  },
);

test.skipIf(!isRoot)('a copy without users sends to /setup-wizard and fails: exit 21', async () => {
  const sick = await openDrillLab();
  await using _ = sick;
  const db = new DatabaseSync(sick.app.folders.database);
  db.exec('PRAGMA foreign_keys = OFF; DELETE FROM user');
  db.close();
  await sick.backUp();
  const { stdout } = await sick.keepsake(['drill'], { exits: 21 });
  expect(stdout).toContain('NOT proven');
  expect(stdout).toContain('302 to /setup-wizard: the database holds no users');
  const known = await sick.keepsake(['--json', 'history', '-n', '1']);
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
    lab.configure({ drill: { timeout: '2s' } });
    const summary = await lab.drill([], { exits: 21 });
    expect(summary).toMatchObject({ outcome: 'inconclusive' });
    expect(summary['reason']).toContain('did not answer in time');
    expectNothingLeft();
    lab.configure();
  },
);

test.skipIf(!isRoot)(
  'a copy that ends at its start fails, and what it wrote last is told',
  async () => {
    lab.setCopy({ exitAtStart: 3 });
    const summary = await lab.drill([], { exits: 21 });
    expect(summary).toMatchObject({
      outcome: 'failed',
      reason: 'the copy ended before it answered (exit code 3)',
    });
    expectNothingLeft();
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
    expect(await lab.drill()).toMatchObject({ outcome: 'proven', isolation: { files: true } });
    expect(await lab.print()).toEqual(before);
    expect(await namesOfItems()).not.toContain('ghost');
    lab.configure();
  },
);

test('without a drill command the data is judged, and the drill is inconclusive', async () => {
  const config = lab.join('keepsake.yaml');
  lab.configure();
  const { apps } = JSON.parse(readFileSync(config, 'utf8')) as {
    apps: { wishlist: object };
  };
  writeFileSync(
    config,
    JSON.stringify({ apps: { wishlist: { ...apps.wishlist, drill: undefined } } }),
  );
  const summary = await lab.drill([], { exits: 21 });
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
  const summary = await lab.drill(['--allow-network'], { env });
  expect(summary).toMatchObject({ outcome: 'proven', isolation: { network: false, files: false } });
  // So it is the missing network that keeps mail in.
  await vi.waitFor(() => expect(lab.mails.received).toEqual(['started']));
  expect(lab.leftInScratch()).toEqual([]);
  expect(lab.copiesRunning()).toEqual([]);
});

test.skipIf(!isRoot)(
  'a drill that is killed takes its copy along, and the next one removes its scratch',
  async () => {
    lab.setCopy({ startDelayMs: 600_000 });
    const running = lab.start(['drill', '--with', 'keepsake']);
    await vi.waitFor(() => expect(lab.copiesRunning()).not.toEqual([]), { timeout: 30_000 });
    expect(lab.leftInScratch()).not.toEqual([]);
    running.signal('SIGKILL');
    await running.ended();
    await vi.waitFor(() => expect(lab.copiesRunning()).toEqual([]), { timeout: 10_000 });
    lab.setCopy({});
    expect(await lab.drill()).toMatchObject({ outcome: 'proven' });
    expectNothingLeft();
  },
);

test.skipIf(!isRoot)(
  'the copy runs as the app’s user, who sees nothing else of Keepsake’s',
  async () => {
    lab.setCopy({});
    lab.configure({ app: { 'run-as': 'nobody' } });
    expect(await lab.drill()).toMatchObject({ outcome: 'proven' });
    const code = `
      const fs = require('node:fs');
      console.log('user', process.getuid(), 'keys', Object.keys(process.env).sort().join());
      try { fs.readdirSync(${JSON.stringify(lab.repository)}); } catch (error) { console.log(error.code); }
      process.exit(5);
    `;
    const drill = { command: [process.execPath, '-e', code], environment: { PORT: '{port}' } };
    lab.configure({ app: { 'run-as': 'nobody' }, drill });
    const { stdout } = await lab.keepsake(['drill'], { exits: 21 });
    expect(stdout).toContain('user 65534 keys HOME,PATH,PORT,TMPDIR');
    expect(stdout).toMatch(/ENOENT|EACCES/);
    lab.configure();
  },
);

test.skipIf(!isRoot)('a proof that cannot be kept is told of, and the verdict stays', async () => {
  lab.setCopy({});
  const summary = await lab.drill(['--no-lock']);
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
