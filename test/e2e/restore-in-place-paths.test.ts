/** Restores in place over paths that are more than folders of a disk: a mount, read-only, of another owner. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAppWithMistake, type AppWithMistake } from '../support/app-with-mistake.ts';
import type { ProtectedApp } from '../support/protected-app.ts';
import { requireRoot } from '../support/require-tool.ts';

let lab: ProtectedApp;
let before: AppWithMistake['before'];
let openWithMistake: AppWithMistake['openWithMistake'];
let stops: AppWithMistake['stops'];

beforeAll(async () => {
  ({ lab, before, openWithMistake, stops } = await openAppWithMistake());
});
afterAll(() => lab[Symbol.asyncDispose]());

test.skipIf(!requireRoot())(
  'a folder that is a mount point is swapped entry by entry, what is excluded in it stays',
  async () => {
    await openWithMistake();
    await lab.app.stop();
    const data = join(lab.app.root, 'data');
    using _mount = mountOver(data);
    mkdirSync(join(data, 'node_modules'));
    writeFileSync(join(data, 'node_modules', 'x'), 'stays');
    writeFileSync(join(data, 'since.txt'), 'came since');
    lab.configure({ exclude: ['node_modules'] });
    await lab.app.start();
    await lab.app.untilUp();
    await lab.keepsake(['restore', 'latest', '--yes']);
    expect(await lab.names()).toEqual(before);
    const [place = ''] = lab.places(data);
    expect(existsSync(join(data, 'since.txt'))).toBe(false);
    expect(readFileSync(join(place, 'old', data, 'since.txt'), 'utf8')).toBe('came since');
    expect(readFileSync(join(data, 'node_modules', 'x'), 'utf8')).toBe('stays');
    const { stdout } = await lab.keepsake(['ls', 'latest']);
    expect(stdout).not.toContain('.keepsake-restore');
    await lab.keepsake(['rollback', '--yes']);
    expect(readFileSync(join(data, 'since.txt'), 'utf8')).toBe('came since');
    expect(readdirSync(data)).toContain('node_modules');
    await lab.app.stop();
  },
);

test.skipIf(!requireRoot())(
  'a place that cannot be written to is told before anything is touched',
  async () => {
    await openWithMistake();
    const names = await lab.names();
    spawnSync('mount', ['--bind', lab.app.root, lab.app.root]);
    try {
      expect(spawnSync('mount', ['-o', 'remount,ro,bind', lab.app.root]).status).toBe(0);
      const { stderr } = await lab.keepsake(['restore', 'latest', '--yes'], { exits: 1 });
      expect(stderr).toContain('read-only file system');
    } finally {
      spawnSync('umount', ['-l', lab.app.root]);
    }
    expect(await lab.names()).toEqual(names);
    expect(await stops()).toEqual([]);
  },
);

test.skipIf(!requireRoot())(
  'restored files belong to the owner the config names, with the modes of the snapshot',
  async () => {
    await openWithMistake();
    const [picture = ''] = lab.uploads();
    const at = join(lab.app.folders.uploads, picture);
    chmodSync(at, 0o640);
    chownSync(at, 12_345, 12_345);
    await lab.backUp();
    rmSync(at);
    lab.configure({ owner: '0:0' });
    await lab.keepsake(['restore', 'latest', '--yes']);
    const { uid, gid, mode } = lstatSync(at);
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o640]);
  },
);

/** A RAM disk over the folder, with what was in it. */
function mountOver(folder: string): Disposable {
  const files = readdirSync(folder).map(
    (name) => [name, readFileSync(join(folder, name))] as const,
  );
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  if (status !== 0) throw new Error(`${basename(folder)} could not be mounted`);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', folder]) };
}
