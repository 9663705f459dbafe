import { lstatSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { layOut } from '../../test/support/walk-lab.ts';
import { compileExcludes } from './excludes.ts';
import { LookAhead } from './look-ahead.ts';

test('it knows of each regular file, once, what lstat told, and of nothing that is left out', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'b/c/d', 'left/e', 'empty/']);
  symlinkSync('a', dir.join('link'));
  symlinkSync('b', dir.join('folder-link'));
  const ahead = new LookAhead();
  const exclude = compileExcludes({ patterns: ['left'] });
  await ahead.run({ paths: [`${dir.path}/`, dir.join('absent')], exclude });
  for (const name of ['a', 'b/c/d']) {
    const { dev, ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs, ctimeMs } = lstatSync(
      dir.join(name),
      { bigint: true },
    );
    const expected = { dev, ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs, ctimeMs };
    const found = ahead.take(dir.join(name));
    expect(found).toMatchObject(expected);
    expect(found?.isFile()).toBe(true);
    expect(found?.isDirectory() === true || found?.isSymbolicLink() === true).toBe(false);
    expect(ahead.take(dir.join(name))).toBeUndefined();
  }
  for (const name of ['left/e', 'link', 'folder-link', 'folder-link/c/d', 'b', 'empty', 'absent']) {
    expect(ahead.take(dir.join(name))).toBeUndefined();
  }
});

test('a path that is a link is followed where the walk would', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/a']);
  symlinkSync('real', dir.join('link'));
  const ahead = new LookAhead();
  const paths = [dir.join('link')];
  await ahead.run({ paths, follow: new Set() });
  expect(ahead.take(dir.join('link/a'))).toBeUndefined();
  await ahead.run({ paths, follow: new Set(paths) });
  expect(ahead.take(dir.join('link/a'))).toBeDefined();
});

test('it ends when it is told to, with what it has', async () => {
  await using dir = await tempFolder();
  for (let n = 0; n < 200; n += 1) writeFileSync(dir.join(`${n}`), '');
  const ahead = new LookAhead();
  const running = ahead.run({ paths: [dir.path] });
  ahead.end();
  await running;
  const seen = Array.from({ length: 200 }, (_, n) => ahead.take(dir.join(`${n}`)));
  const count = seen.filter((stats) => stats !== undefined).length;
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(200);
});
