/** What a walk leaves out because it was told to. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { compileExcludes } from './excludes.ts';
import { layOut, walkText } from '../../test/support/walk-lab.ts';

const asRoot = test.skipIf(!requireRoot());

test('an excluded folder is not entered, a path asked for by name is taken all the same', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['cache/x', 'cache/keep/y', 'a.tmp', 'b']);
  const exclude = compileExcludes({ patterns: ['cache', '*.tmp'] });
  expect(await walkText(dir, { exclude })).toEqual(['  b']);
  const paths = [dir.path, dir.join('cache/keep'), dir.join('a.tmp')];
  expect(await walkText(dir, { exclude, paths })).toEqual([
    '  a.tmp',
    '  b',
    '+ cache',
    '+ cache/keep',
    '- cache/keep',
    '- cache',
  ]);
});

test('the repository is kept as an empty folder, by whatever name it is reached', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['app/x', 'app/backups/data/00', 'app/backups/config']);
  symlinkSync(dir.join('app/backups'), dir.join('way'));
  const skip = new Set([dir.join('way'), dir.join('none')]);
  expect(await walkText(dir, { skip, paths: [dir.join('app')] })).toEqual([
    '+ app',
    '+ app/backups',
    '- app/backups',
    '  app/x',
    '- app',
  ]);
});

test('of a folder with a valid CACHEDIR.TAG only the tag is taken, if that is wanted', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x', 'false/x', 'false/CACHEDIR.TAG']);
  writeFileSync(
    dir.join('real/CACHEDIR.TAG'),
    'Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n',
  );
  const cut = await walkText(dir, { excludeCaches: true });
  expect(cut.filter((line) => line.startsWith('  '))).toEqual([
    '  false/CACHEDIR.TAG',
    '  false/x',
    '  real/CACHEDIR.TAG',
  ]);
  expect(await walkText(dir)).toContain('  real/x');
});

asRoot('another file system is left out but for its mount point', async (context) => {
  await using dir = await tempFolder();
  layOut(dir, ['mounted/', 'a']);
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir.join('mounted')], { stdio: 'ignore' });
  } catch {
    context.skip('mounting is not permitted here');
  }
  try {
    layOut(dir, ['mounted/x', 'mounted/deep/y']);
    const options = { oneFileSystem: true };
    expect(await walkText(dir, options)).toEqual(['  a', '+ mounted', '- mounted']);
    const paths = [dir.path, dir.join('mounted/deep')];
    expect(await walkText(dir, { ...options, paths })).toContain('  mounted/deep/y');
    expect(await walkText(dir)).toContain('  mounted/x');
  } finally {
    execFileSync('umount', [dir.join('mounted')]);
  }
});
