/** The stand-ins against the real programs, as far as those can be asked without a manager. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { dropInPath, writeDropIn } from '../../../src/host/systemd-drop-in.ts';
import { isOnPath } from '../require-tool.ts';
import { runProgram } from '../run-program.ts';
import { tempFolder } from '../temp-folder.ts';
import { FakeSystemctl } from './fake-systemctl.ts';
import { FakeUnit, UNIT_FOLDERS } from './fake-unit.ts';

function fakeUnit(place: 'etc' | 'lib', root: string): FakeUnit {
  const spec = {
    name: 'wishlist.service',
    place,
    argv: ['true'],
    workingFolder: '/',
    environment: {},
    logFile: '/dev/null',
    restart: 'no',
    restartMs: 0,
    timeoutStopMs: 0,
    startLimitBurst: 1,
    sockets: [],
  } as const;
  return new FakeUnit(spec, root);
}

const UNIT_FILE = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';

test.skipIf(!isOnPath('systemctl')).each(['etc', 'lib'] as const)(
  'a runtime mask of a unit file in /%s does what the real one does',
  async (place) => {
    const name = 'wishlist.service';
    await using dir = await tempFolder();
    const [real, fake] = [dir.join('real'), dir.join('fake')];
    for (const root of [real, fake]) {
      const file = `${root}/${UNIT_FOLDERS[place]}/${name}`;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, UNIT_FILE);
    }
    const unit = fakeUnit(place, fake);
    const systemctl = new FakeSystemctl([unit], fake);
    const link = `run/systemd/system/${name}`;
    for (const argv of [
      ['mask', '--runtime', name],
      ['mask', '--runtime', name],
      ['unmask', '--runtime', name],
      ['unmask', '--runtime', name],
      ['mask', name],
      ['unmask', name],
    ]) {
      const [theirs, ours] = [
        await runProgram(['systemctl', `--root=${real}`, ...argv]),
        await systemctl.run(argv),
      ];
      expect([argv.join(' '), ours.exitCode]).toEqual([argv.join(' '), theirs.exitCode]);
      expect(existsSync(`${fake}/${link}`)).toBe(existsSync(`${real}/${link}`));
      const asked = await runProgram(['systemctl', `--root=${real}`, 'is-enabled', name]);
      const told = await systemctl.run(['is-enabled', name]);
      const isMasked = (text = '') => text.startsWith('masked');
      expect([argv.join(' '), isMasked(told.stdout)]).toEqual([
        argv.join(' '),
        isMasked(asked.stdout),
      ]);
    }
  },
);

test.skipIf(!isOnPath('systemd-analyze'))(
  'a drop-in that holds as long as a file exists is read as the real one reads it',
  async () => {
    await using dir = await tempFolder();
    const folder = dir.join(UNIT_FOLDERS.etc);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'wishlist.service'), UNIT_FILE);
    const marker = dir.join('a folder of 100% (änderbar)');
    await writeDropIn(dropInPath('wishlist.service', folder, 'lasting'), marker);
    for (const isThere of [false, true]) {
      if (isThere) writeFileSync(marker, '');
      const unit = fakeUnit('etc', dir.path);
      const argv = ['systemd-analyze', 'condition', '--unit=wishlist.service'];
      const theirs = await runProgram(argv, { env: { SYSTEMD_UNIT_PATH: folder } });
      expect([isThere, theirs.exitCode]).toEqual([isThere, isThere ? 1 : 0]);
      expect([isThere, await unit.start()]).toEqual([isThere, isThere ? 'assert' : 'done']);
      await unit.dispose();
    }
  },
);

test('an option that the real ones do not have is refused', async () => {
  await using dir = await tempFolder();
  const systemctl = new FakeSystemctl([], dir.path);
  const answer = await systemctl.run(['--no-ask-pasword', 'stop', 'x']);
  expect(answer).toMatchObject({
    exitCode: 1,
    stderr: "systemctl: unrecognized option '--no-ask-pasword'\n",
  });
});
