/** The same arguments give the same trees in both tools: paths, excludes, markers. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCompatLab, treeIds, type CompatLab } from '../support/compat-lab.ts';
import { layOutNastyTree, lostByRestic014 } from '../support/nasty-tree.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';

/** `SOURCE` stands for the folder that is backed up. */
const CALLS: readonly (readonly string[])[] = [
  ['SOURCE/tree', 'SOURCE/cache'],
  ['SOURCE', 'SOURCE/tree/names'],
  ['SOURCE/tree/hard links/elsewhere', 'SOURCE/link', 'SOURCE/tree/empty file'],
  ['SOURCE/tree/../cache/'],
  ['--exclude', 'names/*', '--exclude', '**/inside', 'SOURCE'],
  ['--exclude', 'tree/**/i*', '--exclude', 'SOURCE/tree/t*', 'SOURCE'],
  ['--exclude', '[!a]*.webp', '--exclude', 'source/tree/links', 'SOURCE'],
  ['--exclude', 'many/*', '--exclude', '!many/00003.webp', 'SOURCE'],
  ['--exclude-file', 'SOURCE/excludes', '--exclude-caches', '--one-file-system', 'SOURCE'],
];

describe.skipIf(!requireTool('restic') || !requireRoot())('both tools', () => {
  let lab: CompatLab;

  beforeAll(async () => {
    lab = await openCompatLab();
    const { source } = lab;
    layOutNastyTree(join(source, 'tree'), {
      without: [...lostByRestic014, 'large', 'sparse'],
      manyCount: 12,
    });
    mkdirSync(join(source, 'cache'));
    const tag = 'Signature: 8a477f597d28d172789f06886806bc55\n';
    writeFileSync(join(source, 'cache/CACHEDIR.TAG'), tag);
    writeFileSync(join(source, 'cache/file'), 'x');
    writeFileSync(join(source, 'excludes'), '# comment\n\n*.webp\n  \n!00003.webp\nnames/*\n');
    symlinkSync('tree', join(source, 'link'));
    await lab.initQuickly();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test.each(CALLS.map((call) => [call.join(' '), call] as const))(
    'store the same for `backup %s`',
    async (_, call) => {
      const args = call.map((argument) => argument.replaceAll('SOURCE', lab.source));
      await lab.restic(['backup', '--force', ...args]);
      const theirs = await lab.newest();
      await lab.keepsake(['backup', ...args]);
      const ours = await lab.newest();
      expect(ours.id).not.toBe(theirs.id);
      expect(ours.paths).toEqual(theirs.paths);
      const repository = await lab.openRepository();
      const expected = await treeIds(repository, theirs.tree);
      const found = await treeIds(repository, ours.tree);
      expect(withoutAbove(lab, found)).toEqual(withoutAbove(lab, expected));
    },
  );
});

/** The folders above the source change their times meanwhile; the manifest is ours alone. */
function withoutAbove({ source }: CompatLab, trees: ReadonlyMap<string, string>): string[] {
  const paths = [...trees].filter(([path]) => path !== '/.keepsake');
  return paths.map(([path, id]) => (path.startsWith(source) ? `${path} ${id}` : path));
}
