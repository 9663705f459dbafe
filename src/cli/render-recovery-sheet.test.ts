import { expect, test } from 'vitest';
import type { ResolvedApp } from '../config/resolve-app.ts';
import { recoveryCommands } from '../operations/recovery/recovery-commands.ts';
import { recoverySheetText, type RecoverySheet } from './render-recovery-sheet.ts';

const ESCAPE = '\u001B[2J';

function sheetOf(changes: Partial<RecoverySheet> = {}, app: Partial<ResolvedApp> = {}): string {
  const subject = {
    app: {
      name: 'app',
      root: '/srv/app',
      paths: ['/srv/app'],
      optionalPaths: [],
      exclude: [],
      environment: {},
      ...app,
    } as unknown as ResolvedApp,
    hostname: 'nas',
    location: '/mnt/backup',
    passwordFile: '/root/my keys/password',
  };
  return recoverySheetText({
    subject,
    facts: {
      keys: [],
      keyId: 'ab'.repeat(32),
      latestComplete: undefined,
      latestOfRestic: undefined,
      damagedCount: 0,
    },
    steps: recoveryCommands(subject),
    configFile: '/etc/keepsake/keepsake.yaml',
    passwordSetting: undefined,
    password: undefined,
    printedAt: '2026-11-24T08:00:00Z',
    ...changes,
  });
}

test.each([
  [undefined, 'it is typed when Keepsake asks'],
  [{ kind: 'file', path: '/etc/pw', origin: '' }, 'in the file /etc/pw'],
  [{ kind: 'value', password: 'hunter2', origin: 'RESTIC_PASSWORD' }, 'the variable RESTIC_PASS'],
  [{ kind: 'command', argv: ['pass', 'a b'], origin: '' }, "printed by: pass 'a b'"],
] as const)('the sheet says where the password is, not what it is: %j', (passwordSetting, said) => {
  const sheet = sheetOf({ passwordSetting });
  expect(sheet).toContain(`not on this sheet; `);
  expect(sheet).toContain(said);
  expect(sheet).not.toContain('hunter2');
});

test('how to write the password file where it is missing stands there, quoted', () => {
  expect(sheetOf()).toContain(
    "  mkdir -p '/root/my keys'; (umask 077; cat > '/root/my keys/password')\n",
  );
});

test('no name gets a control character onto the paper', () => {
  const app = {
    root: `/srv/${ESCAPE}`,
    paths: [`/srv/${ESCAPE}`],
    exclude: [ESCAPE],
    owner: ESCAPE,
  };
  expect(sheetOf({ configFile: `/etc/${ESCAPE}` }, app)).not.toContain('\u001B');
});

test('words around the commands stay within a page’s width', () => {
  const exclude = Array.from({ length: 40 }, (_, at) => `./folder-${at}`);
  const sheet = sheetOf({}, { exclude });
  expect(sheet).toContain('./folder-39');
  const long = sheet.split('\n').filter((line) => line.length > 100);
  expect(long).toEqual([]);
});

test('damaged snapshot files are named: the complete one may not be the latest', () => {
  const facts = {
    keys: [],
    keyId: '',
    latestComplete: undefined,
    latestOfRestic: undefined,
    damagedCount: 2,
  };
  expect(sheetOf({ facts })).toContain('DAMAGED: 2 snapshot files, see keepsake check');
});
