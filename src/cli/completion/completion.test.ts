import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOnPath } from '../../../test/support/require-tool.ts';
import { commandTable } from '../command-table.ts';
import { addGlobalOptions } from '../global-options.ts';
import { allCommands, describeProgram } from './command-tree.ts';
import { shellScript } from './shell-script.ts';

const program = new Command('keepsake').version('1', '--version', 'print the version');
addGlobalOptions(program);
for (const define of commandTable) define(program, async () => {});
const spec = describeProgram(program);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keepsake-completion-'));
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    writeFileSync(join(folder, shell), shellScript(spec, shell));
  }
  writeFileSync(join(folder, 'a file.txt'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers for the last of these words. */
function complete(...words: string[]): string[] {
  const script = `
    source ./bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _keepsake
    ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"
    true`;
  const argv = ['--norc', '-c', script, 'bash', 'keepsake', ...words];
  const out = execFileSync('bash', argv, { cwd: folder, encoding: 'utf8' });
  return out.split('\n').filter((line) => line !== '');
}

test('every command is described with its flags', () => {
  const names = [...allCommands(spec)].map(({ path }) => path.join(' '));
  expect(names).toContain('backup');
  expect(names).toContain('key passwd');
  for (const { path, description, flags } of allCommands(spec)) {
    if (path.length > 0) expect(description).not.toBe('');
    expect(flags.map(({ long }) => long)).toContain('--help');
  }
});

test('bash completes commands, and commands below commands', () => {
  expect(complete('ba')).toEqual(['backup']);
  expect(complete('re')).toEqual(expect.arrayContaining(['restore', 'repair']));
  expect(complete('repair', '').slice(0, 2)).toEqual(['index', 'snapshots']);
  expect(complete('completion', 'f')).toEqual(['fish']);
});

test('bash completes the flags of the command, and those of every command', () => {
  expect(complete('backup', '--dry')).toEqual(['--dry-run']);
  expect(complete('key', 'add', '--new-password-f')).toEqual(['--new-password-file']);
  expect(complete('check', '--js')).toEqual(['--json']);
  expect(complete('check', '--forget')).toEqual([]);
});

test('bash passes over flags and their values on the way to the command', () => {
  expect(complete('-r', 'backup', '--json', 'repair', 'snapshots', '--for')).toEqual(['--forget']);
  expect(complete('--repo', '=', 'key', 'ke')).toEqual(['key']);
});

test('bash completes files where a file belongs, spaces and all', () => {
  expect(complete('backup', 'a')).toEqual(['a file.txt']);
  expect(complete('--password-file', 'a')).toEqual(['a file.txt']);
  expect(complete('--password-file', '=', 'a')).toEqual(['a file.txt']);
  expect(complete('backup', '--tag', 'a')).toEqual([]);
  expect(complete('check', 'a')).toEqual([]);
});

test.each(['bash', 'zsh', 'fish'] as const)(
  'the script for %s names every command and flag',
  (shell) => {
    const script = shellScript(spec, shell);
    for (const { path, flags } of allCommands(spec)) {
      expect(script).toContain(path.at(-1) ?? 'keepsake');
      for (const { long } of flags) expect(script).toContain(long.slice(2));
    }
  },
);

test.each(['bash', 'zsh', 'fish'].filter(isOnPath))('%s takes its script', (shell) => {
  const argv = shell === 'fish' ? ['--no-execute', 'fish'] : ['-n', shell];
  expect(() => execFileSync(shell, argv, { cwd: folder })).not.toThrow();
});
