/** What a person sees who mistypes, asks for help, or has nothing set up. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepsakeBin, runKeepsake, type KeepsakeResult } from '../support/keepsake.ts';
import { requireRoot } from '../support/require-tool.ts';
import { runProgram } from '../support/run-program.ts';
import { tempFolder, type TempFolder } from '../support/temp-folder.ts';

let dir: TempFolder;
beforeAll(async () => {
  dir = await tempFolder();
});
afterAll(() => dir[Symbol.asyncDispose]());

function keepsake(...args: string[]): Promise<KeepsakeResult> {
  return runKeepsake(args, { home: dir.path, cwd: dir.path });
}

const COMMANDS =
  ',init,backup,snapshots,ls,dump,diff,restore,rollback,status,verify,check,repair,repair index,' +
  'repair snapshots,unlock,version,completion,key,key list,key add,key remove,key passwd,' +
  'config,config check,config show,recovery-sheet,drill,history,export,import,guard,update,rebuild';

test.each(COMMANDS.split(','))(
  'the help of “%s” ends with exit codes and shows no empty default',
  async (command) => {
    const words = command.split(' ').filter((word) => word !== '');
    const { stdout, stderr, exitCode } = await keepsake(...words, '--help');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Exit status:\n(?: +\d+ {2}\S.*\n)+\n?$/);
    expect(stdout).not.toContain('[])');
  },
);

test.skipIf(!requireRoot())(
  'a user without an account, as in a container, can use it',
  async () => {
    // It may read everything, because the project may lie where only root looks.
    const may = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
    const nobody = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups', ...may];
    const { stdout, stderr, exitCode } = await runProgram(
      [...nobody, process.execPath, keepsakeBin, 'version'],
      { cwd: '/', env: { HOME: undefined } },
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('keepsake');
  },
);

test('help COMMAND is the help of the command', async () => {
  const { stdout } = await keepsake('check', '--help');
  expect(await keepsake('help', 'check')).toMatchObject({ stdout, exitCode: 0 });
  const { exitCode, stderr } = await keepsake('help', 'chekc');
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining("unknown command 'chekc'")]);
});

test.each([[[]], [['key']], [['repair']]])(
  '%j alone shows the commands there are, on stderr, and is a wrong use',
  async (args: string[]) => {
    const { stdout, stderr, exitCode } = await keepsake(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Commands:');
    expect(stderr).toContain('keepsake: no command is given');
    expect((await keepsake('--json', ...args)).jsonLines()).toMatchObject([
      { message_type: 'exit_error', code: 2, message: 'no command is given' },
    ]);
  },
);

test.each([
  [['bakcup'], "unknown command 'bakcup' (did you mean backup?)", 'keepsake --help'],
  [['key', 'lst'], "unknown command 'lst' (did you mean list?)", 'keepsake key --help'],
  [['key', 'add', '--hots', 'x'], '(did you mean --host?)', 'keepsake key add --help'],
  [['backup', '--dryrun'], '(did you mean --dry-run?)', 'keepsake backup --help'],
])('of a wrong word the nearest is named: %j', async (args, said, help) => {
  const { stderr, exitCode } = await keepsake(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(said);
  expect(stderr).toContain(`\`${help}\``);
});

test('a link to bin/keepsake works from any folder, as npm install -g makes one', async () => {
  mkdirSync(dir.join('bin'), { recursive: true });
  symlinkSync(keepsakeBin, dir.join('bin/keepsake'));
  const env = { PATH: `${dir.join('bin')}:${process.env['PATH']}` };
  const { stdout, exitCode } = await runProgram(['keepsake', 'config', 'schema'], {
    cwd: '/',
    env,
  });
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('json-schema')]);
});

test('no repository: exit code 10 and the line to type', async () => {
  writeFileSync(dir.join('pw'), 'secret\n');
  const access = ['-r', dir.join('none'), '--password-file', dir.join('pw')];
  for (const command of [['backup', '/etc/hostname'], ['snapshots'], ['check'], ['unlock']]) {
    const { stderr, exitCode } = await keepsake(...access, ...command);
    expect(exitCode).toBe(10);
    expect(stderr).toContain(`\`keepsake -r ${dir.join('none')} init\``);
  }
});

test('with --debug an error shows where in the sources it came from', async () => {
  const { stderr } = await runKeepsake(['-r', dir.join('absent'), '--debug', 'snapshots'], {
    home: dir.path,
    env: { KEEPSAKE_PASSWORD: 'x' },
  });
  expect(stderr).toMatch(/\(\S+\/src\/repository\/\S+\.ts:\d+:\d+\)/);
});
