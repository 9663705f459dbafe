import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { recoveryCommands, type RecoverySubject } from './recovery-commands.ts';
import { decodeNotes, rehearsalScript, rehearsedCommands } from './rehearsed-commands.ts';

const subject: RecoverySubject = {
  app: {
    name: 'app',
    root: '/srv/app',
    paths: ['/srv/app/data', `/srv/app/${'long '.repeat(20)}`],
    optionalPaths: [],
    exclude: [],
    environment: {},
    workingDirectory: '/srv/app',
    owner: 'app',
    service: { systemd: 'app.service' },
  } as unknown as ResolvedApp,
  hostname: 'nas',
  location: '/mnt/backup',
  passwordFile: '/root/pw',
};
const places = { target: '/run/target', into: '/run/into', snapshot: 'ab'.repeat(32) };

test('what is run is what is printed, but for what is declared', () => {
  const reason = 'not here';
  const skip = (['stop', 'start', 'health'] as const).map((step) => ({ step, reason }));
  const { commands, skipped } = rehearsedCommands(subject, { places, skip });
  // The app has no health check: there is no such step to leave out.
  expect(skipped.map(({ step }) => step)).toEqual(['stop', 'start']);
  const steps = recoveryCommands(subject).filter(({ name }) => name !== 'stop' && name !== 'start');
  const printed = commands.map(({ text, printed: sheet = text }) => sheet).join('\n');
  expect(printed).toBe(steps.flatMap(({ lines }) => [...lines]).join('\n'));
  const changed = commands.filter((command) => command.printed !== undefined);
  expect(changed.map(({ printed: sheet, text }) => [sheet?.split('   #')[0], text])).toEqual([
    ['restic snapshots --tag app:app', 'restic snapshots --tag app:app --no-lock'],
    ['TARGET=/srv/app.restored', 'TARGET=/run/target'],
    ["INTO=''", 'INTO=/run/into'],
    [
      'restic restore latest --tag app:app --host nas --target "$TARGET"',
      `restic restore ${places.snapshot} --target "$TARGET" --no-lock`,
    ],
  ]);
});

test('each command is run whole: the shell takes every one of them by itself', () => {
  const { commands } = rehearsedCommands(subject, { places, passwordFile: '/run/pw', skip: [] });
  expect(commands.length).toBeGreaterThan(10);
  for (const { text } of commands) execFileSync('sh', ['-n'], { input: text, stdio: 'pipe' });
  expect(commands.map(({ text }) => text)).toContain('export RESTIC_PASSWORD_FILE=/run/pw');
});

async function outcomesOf(...texts: string[]) {
  await using dir = await tempFolder();
  const notes = dir.join("it's noted");
  const commands = texts.map((text) => ({ step: 'place', text }) as const);
  try {
    execFileSync('sh', ['-eu'], { input: rehearsalScript(commands, notes), stdio: 'pipe' });
  } catch {
    // Told by the notes.
  }
  return decodeNotes(readFileSync(notes, 'utf8'));
}

test('the notes tell of each command how it ended and how long it took, up to the first that fails', async () => {
  const failing = 'for path in a b; do\n  if [ $path = b ]; then (exit 7); fi\ndone';
  const outcomes = await outcomesOf('X=1', 'sleep 0.2', failing, 'echo never');
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 7]);
  expect(outcomes[1]?.seconds).toBeGreaterThanOrEqual(0.2);
  expect(outcomes[1]?.seconds).toBeLessThan(20);
  expect(await outcomesOf('echo "$UNSET"', 'echo never')).toMatchObject([{ exitCode: 2 }]);
  expect(await outcomesOf('X=1', 'kill -9 $$')).toMatchObject([
    { exitCode: 0 },
    { exitCode: null },
  ]);
  expect(await outcomesOf('X=1')).toMatchObject([{ exitCode: 0 }]);
});
