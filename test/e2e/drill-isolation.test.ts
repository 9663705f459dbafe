/** What keeps a drill away from the live app, and lets nothing of it outlive Keepsake. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectNothingLeft, openDrillLab, type DrillLab } from '../support/drill-lab.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';
import { descendantsOf, isRunning, type SeenProcess } from '../support/running-keepsake.ts';
import { labAppMain } from '../support/service-lab/start-lab-app.ts';

const isRoot = requireRoot() && requireTool('unshare');

let lab: DrillLab;

beforeAll(async () => {
  lab = await openDrillLab();
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

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
    expect(await lab.namesOfItems()).not.toContain('ghost');
    lab.configure();
  },
);

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
    expectNothingLeft(lab);
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
    expectNothingLeft(lab);
  },
);

test('scratch inside the app is refused before anything is restored', async () => {
  const inside = `${lab.app.root}/data/scratch`;
  const { stderr } = await lab.keepsake(['drill'], {
    exits: 2,
    env: { KEEPSAKE_SCRATCH_DIR: inside },
  });
  expect(stderr).toContain('lies inside the app');
});
