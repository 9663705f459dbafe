/** The page for the drawer, and that its lines do what they say when a shell runs them. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { CliLab, PASSWORD } from '../support/cli-lab.ts';
import { printFolder } from '../support/folder-print.ts';
import { keepsakeArgv } from '../support/keepsake.ts';
import { requireTool } from '../support/require-tool.ts';
import { runProgram, type ProgramResult } from '../support/run-program.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { runAtTerminal } from '../support/terminal.ts';
import { layOutWishlist, type WishlistFolders } from '../support/wishlist-app/lay-out-wishlist.ts';

const HOST = 'homeserver';

/** An app in a folder whose name a careless shell line would take apart. */
class SheetLab extends CliLab {
  readonly app: WishlistFolders = layOutWishlist(this.join("it's $HOME; the `app`"), {
    users: 4,
    items: 20,
  });
  readonly passwordFile = this.join('pass word');
  readonly config = this.join('keepsake.yaml');

  configure(changes: Record<string, unknown> = {}): void {
    const app = {
      root: this.app.root,
      databases: ['data/prod.db'],
      files: ['data', 'uploads', '.env'],
      service: { systemd: 'wishlist.service' },
      health: { url: 'http://127.0.0.1:9/login?a=1&b=2' },
      owner: `${process.getuid?.()}:${process.getgid?.()}`,
      ...changes,
    };
    const passwordFile = { 'password-file': this.passwordFile };
    // JSON is YAML.
    writeFileSync(
      this.config,
      JSON.stringify({ host: HOST, ...passwordFile, apps: { wishlist: app } }),
    );
  }

  override environment(): Record<string, string> {
    return {
      KEEPSAKE_CONFIG: this.config,
      KEEPSAKE_SCRATCH_DIR: this.join('scratch'),
      KEEPSAKE_STATE_DIR: this.join('state'),
      KEEPSAKE_PASSWORD: '',
    };
  }

  async backUp(...flags: string[]): Promise<string> {
    const result = await this.keepsake(['--json', 'backup', ...flags]);
    return String(messages(result, 'summary')[0]?.['snapshot_id']);
  }

  async sheet(...flags: string[]): Promise<string> {
    return (await this.keepsake(['recovery-sheet', ...flags])).stdout;
  }

  /** Names, contents, owners, modes and times; a moved file has another inode. */
  async print(): Promise<string[]> {
    const { root } = this.app;
    const folders = [`${root}/data`, `${root}/uploads`];
    return (await Promise.all(folders.map(printFolder)))
      .flat()
      .map((line) => line.split(' ').toSpliced(-2, 1).join(' '));
  }
}

let lab: SheetLab;
let complete: string;
/** As printed after the first backup. */
let sheet: string;

beforeAll(async () => {
  lab = new SheetLab(await tempFolder('keepsake-sheet-'));
  await lab.initQuickly();
  writeFileSync(lab.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  lab.configure();
  complete = await lab.backUp();
  sheet = await lab.sheet();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** What stands below the heading about restic, without the words around it. */
function resticBlock(text: string): string {
  const [, block = ''] = text.split('WITH STOCK RESTIC');
  const lines = block.split('\n');
  const first = lines.findIndex((line) => line.startsWith('  # 1.'));
  const last = lines.findIndex((line) => line.startsWith('  Done and well?'));
  return lines.slice(first, last).join('\n');
}

/** As printed, but for the folder that restic writes to and what stops, starts and asks the app. */
function rehearsed(text: string, { target, into = '' }: { target: string; into?: string }): string {
  const programs = ['systemctl', 'docker', 'curl'].map(
    (name) => `${name}() { printf '%s\\n' "${name} $*"; }`,
  );
  const block = resticBlock(text)
    .replace(/^ {2}TARGET=.*$/m, () => `TARGET='${target}'`)
    .replace(/^ {2}INTO=.*$/m, () => `INTO='${into}'`);
  return [...programs, block].join('\n');
}

function runBySh(script: string): Promise<ProgramResult> {
  const env = {
    RESTIC_CACHE_DIR: lab.join('restic-cache'),
    HOME: lab.join('home'),
    KEEPSAKE_CACHE_DIR: lab.join('cache'),
    KEEPSAKE_STATE_DIR: lab.join('state'),
  };
  return runProgram(['sh', '-eu'], { input: script, env, cwd: lab.join('home') });
}

/** Another database with a -wal that would replay, an upload less and one more. */
function ruin({ root, database }: WishlistFolders): void {
  const db = new DatabaseSync(database);
  db.exec('PRAGMA wal_autocheckpoint = 0; DELETE FROM items');
  const wal = readFileSync(`${database}-wal`);
  db.close();
  writeFileSync(`${database}-wal`, wal);
  writeFileSync(`${root}/uploads/later.webp`, 'later');
  writeFileSync(`${root}/.env`, 'ruined');
}

test.skipIf(!requireTool('restic'))(
  'the restic lines, run by a shell as printed, bring the app back and keep what was there',
  async () => {
    const before = await lab.print();
    const env = readFileSync(`${lab.app.root}/.env`, 'utf8');
    ruin(lab.app);
    const script = rehearsed(sheet, { target: lab.join('target') });
    const { exitCode, stdout, stderr } = await runBySh(script);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(await lab.print()).toEqual(before);
    expect(readFileSync(`${lab.app.root}/.env`, 'utf8')).toBe(env);
    const order = stdout.split('\n').filter((line) => /^(systemctl|curl|restoring)/.test(line));
    expect(order).toEqual([
      'systemctl stop wishlist.service',
      expect.stringContaining('restoring <Snapshot'),
      'systemctl start wishlist.service',
      expect.stringMatching(/^curl .* http:\/\/127\.0\.0\.1:9\/login\?a=1&b=2$/),
    ]);
    const old = `${lab.join('target')}.old${lab.app.root}`;
    expect(existsSync(`${old}/data/prod.db-wal`)).toBe(true);
    expect(readFileSync(`${old}/uploads/later.webp`, 'utf8')).toBe('later');
  },
);

test.skipIf(!requireTool('restic'))(
  'with INTO set the same lines are a rehearsal: the app is not touched',
  async () => {
    const before = await printFolder(lab.app.root);
    const into = lab.join('rehearsal');
    const script = rehearsed(sheet, { target: lab.join('other'), into });
    expect(await runBySh(script)).toMatchObject({ exitCode: 0 });
    expect(await printFolder(lab.app.root)).toEqual(before);
    expect(readFileSync(`${into}${lab.app.database}`)).toEqual(readFileSync(lab.app.database));
  },
);

test('on an empty machine Keepsake restores with no config, and the other lines are the same', async () => {
  const before = await lab.print();
  const gone = lab.join('gone');
  renameSync(lab.app.root, gone);
  const ours = /^ {2}(keepsake restore latest .*--target.*)$/m.exec(sheet)?.[1] ?? 'false';
  const exports = [...sheet.matchAll(/^ {2}(export KEEPSAKE_.*)$/gm)].map(([, line = '']) => line);
  const program = keepsakeArgv([]).map((word) => `'${word}'`);
  const script = [
    `keepsake() { ${program.join(' ')} "$@"; }`,
    ...exports,
    rehearsed(sheet, { target: lab.join('new machine') })
      .replace(/^ {2}restic snapshots.*$/m, '')
      .replace(/^ {2}restic restore.*$/m, () => ours),
  ].join('\n');
  const result = await runBySh(script);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toContain('verified: ');
  expect(await lab.print()).toEqual(before);
  rmSync(gone, { recursive: true });
});

test.skipIf(!requireTool('restic'))(
  'where the restore fails nothing is started, and a second try does not write over the first',
  async () => {
    const broken = sheet.replace('restic restore latest', 'restic restore 00000000');
    const into = lab.join('failed');
    const first = await runBySh(rehearsed(broken, { target: lab.join('third'), into }));
    expect(first.exitCode).not.toBe(0);
    expect(first.stdout).not.toContain('systemctl start');
    const second = await runBySh(rehearsed(sheet, { target: lab.join('third'), into }));
    expect(second.exitCode).not.toBe(0);
    expect(second.stdout).not.toContain('systemctl stop');
  },
);

test('the sheet fits two pages and says what is where, but not the password', () => {
  const lines = sheet.split('\n');
  expect(lines.length).toBeLessThanOrEqual(110);
  for (const text of [
    `RECOVERY SHEET: wishlist on ${HOST}`,
    lab.repository,
    lab.passwordFile,
    lab.config,
    complete,
    'keepsake restore latest --app wishlist --host homeserver --target "$TARGET"',
    `restic restore latest --tag app:wishlist --host ${HOST} --target "$TARGET"`,
  ]) {
    expect(sheet).toContain(text);
  }
  expect(sheet).not.toContain(PASSWORD);
  expect(sheet).not.toMatch(/--target ["']?\/["']?(\s|$)/);
});

test('a newer snapshot that is not complete is named, because restic takes it for latest', async () => {
  const part = await lab.backUp('--only', 'database');
  const later = await lab.sheet();
  expect(later).toContain(complete);
  expect(later).toContain(`NOW restic's latest is ${part.slice(0, 8)}, which is NOT complete`);
  const said = messages(await lab.keepsake(['--json', 'recovery-sheet']), 'recovery_sheet');
  expect(said).toMatchObject([{ snapshot_id: complete, restic_latest_id: part }]);
});

test('the password, and the app’s environment with it, goes into a file of its owner, or nowhere', async () => {
  const service = { commands: { stop: ['pm2', 'stop', 'x'], start: ['pm2', 'start', 'x'] } };
  lab.configure({ service, environment: { API_KEY: 'hunter2' } });
  const file = lab.join('sheet.txt');
  writeFileSync(file, 'older', { mode: 0o644 });
  chmodSync(file, 0o644);
  const said = await lab.keepsake(['--json', 'recovery-sheet', '--with-password', '-o', file]);
  expect(said.stdout).not.toContain(PASSWORD);
  expect(readFileSync(file, 'utf8')).toContain(PASSWORD);
  expect(readFileSync(file, 'utf8')).toContain('export API_KEY=hunter2 && pm2 start x)');
  expect(said.stdout).toContain('export API_KEY=');
  expect(said.stdout).not.toContain('hunter2');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const refusals = [[], ['--output', '/dev/null'], ['--json']];
  for (const flags of refusals) {
    const refused = await lab.keepsake(['recovery-sheet', '--with-password', ...flags], {
      exits: 2,
    });
    expect(refused.stdout + refused.stderr).toContain('--output FILE');
    expect(refused.stdout + refused.stderr).not.toContain(PASSWORD);
  }
  expect(await lab.sheet()).not.toContain('hunter2');
  lab.configure();
});

test.skipIf(!requireTool('script'))(
  'on a terminal the password is shown to somebody who says yes, and to nobody else',
  async () => {
    const argv = keepsakeArgv(['-r', lab.repository, 'recovery-sheet', '--with-password']);
    const env = { ...lab.environment(), HOME: lab.join('home') };
    const asked = (type: string) =>
      runAtTerminal(argv, [{ after: 'Show the password', type }], env);
    const yes = await asked('y\n');
    expect([yes.exitCode, yes.screen.includes(PASSWORD)]).toEqual([0, true]);
    const no = await asked('n\n');
    expect([no.exitCode, no.screen.includes(PASSWORD)]).toEqual([130, false]);
  },
);

test('before the first backup the sheet says so; without an app it is refused', async () => {
  const config = lab.join('other.yaml');
  const root = lab.join('empty');
  mkdirSync(root);
  writeFileSync(config, JSON.stringify({ host: HOST, apps: { other: { root } } }));
  const env = { KEEPSAKE_CONFIG: config, KEEPSAKE_PASSWORD: PASSWORD };
  const { stdout } = await lab.keepsake(['recovery-sheet'], { env });
  expect(stdout).toContain('there is no complete one yet');
  expect(stdout).toContain('in the variable KEEPSAKE_PASSWORD');
  writeFileSync(config, '{}');
  await lab.keepsake(['recovery-sheet'], { env, exits: 2 });
});
