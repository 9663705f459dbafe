/** Passwords at a terminal, through the command line. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../support/cli-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { keepsakeArgv, runKeepsake } from '../support/keepsake.ts';
import { requireTool } from '../support/require-tool.ts';
import { restic } from '../support/restic.ts';
import { runAtTerminal, type Dialogue, type TerminalResult } from '../support/terminal.ts';

let lab: CompatLab;
beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
});
afterAll(() => lab[Symbol.asyncDispose]());

const atTerminal = test.skipIf(!requireTool('script'));

function talk(args: readonly string[], dialogue: readonly Dialogue[]): Promise<TerminalResult> {
  return runAtTerminal(keepsakeArgv(args), dialogue, {
    HOME: lab.join('home'),
    XDG_CACHE_HOME: lab.join('home', '.cache'),
    KEEPSAKE_PASSWORD: undefined,
    RESTIC_PASSWORD: undefined,
  });
}

const locks = () => readdirSync(join(lab.repository, 'locks'));

atTerminal('the password is asked for, and never shown', async () => {
  const { exitCode, screen } = await talk(
    ['-r', lab.repository, 'snapshots'],
    [{ after: 'password for ', type: `${PASSWORD}\r` }],
  );
  expect(screen).toContain('there is no snapshot yet');
  expect(screen).not.toContain('<password>');
  expect(exitCode).toBe(0);
});

atTerminal('a wrong password is exit 12', async () => {
  const { exitCode, screen } = await talk(
    ['-r', lab.repository, 'snapshots'],
    [{ after: 'password for ', type: 'wrong\r' }],
  );
  expect(exitCode).toBe(12);
  expect(screen).not.toContain('wrong\r');
  expect(locks()).toEqual([]);
});

atTerminal('Ctrl-C at the question is exit 130', async () => {
  const { exitCode, screen } = await talk(
    ['-r', lab.repository, 'snapshots'],
    [{ after: 'password for ', type: 'half a pass\u0003' }],
  );
  expect(exitCode).toBe(130);
  expect(screen).toContain('cancelled: Ctrl-C');
  expect(screen).not.toContain('half a pass');
});

atTerminal('init asks twice, and makes a repository only if both are the same', async () => {
  const repository = lab.join('new');
  const init = ['-r', repository, 'init'];
  const mistyped = await talk(init, [
    { after: 'new password for ', type: 'one\r' },
    { after: 'once more: ', type: 'two\r' },
  ]);
  expect(mistyped.exitCode).toBe(2);
  expect(mistyped.screen).toContain('not the same');
  const empty = await talk(init, [{ after: 'new password for ', type: '\r' }]);
  expect(empty.exitCode).toBe(2);
  expect(() => readdirSync(repository)).toThrow(/ENOENT/);
  const { exitCode, screen } = await talk(init, [
    { after: 'new password for ', type: 'a new one\r' },
    { after: 'once more: ', type: 'a new one\r' },
  ]);
  expect(exitCode).toBe(0);
  expect(screen).not.toContain('a new one');
  await restic(repository, 'a new one', ['snapshots']);
});

atTerminal('key passwd asks for the old password and twice for the new one', async () => {
  const repository = lab.join('changed');
  mkdirSync(repository);
  const env = { KEEPSAKE_PASSWORD: 'old' };
  await runKeepsake(['-r', repository, 'init'], { home: lab.join('home'), env });
  const { exitCode } = await talk(
    ['-r', repository, 'key', 'passwd'],
    [
      { after: 'password for ', type: 'old\r' },
      { after: 'new password: ', type: 'new\r' },
      { after: 'once more: ', type: 'new\r' },
    ],
  );
  expect(exitCode).toBe(0);
  await restic(repository, 'new', ['snapshots']);
  const old = await restic(repository, 'old', ['snapshots'], { anyExit: true });
  expect(old.exitCode).not.toBe(0);
});

test('without a terminal nobody is asked: the ways to give a password are named', async () => {
  const { exitCode, stderr } = await runKeepsake(['-r', lab.repository, 'snapshots'], {
    home: lab.join('home'),
    env: { KEEPSAKE_PASSWORD: undefined },
    input: `${PASSWORD}\n`,
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--password-file');
});

test('a command that prints nothing gives no password for a new repository', async () => {
  const repository = lab.join('empty-password');
  const { exitCode, stderr } = await runKeepsake(
    ['-r', repository, '--password-command', 'true', 'init'],
    { home: lab.join('home'), env: { KEEPSAKE_PASSWORD: undefined } },
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain('the new password is empty');
  expect(() => readdirSync(repository)).toThrow(/ENOENT/);
});
