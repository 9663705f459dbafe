import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireTool } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { readGitCheckout, withoutCredentials } from './git-checkout.ts';

const ORIGIN = 'https://github.com/cmintey/wishlist.git';
const IDENTITY = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];

function git(folder: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  return execFileSync('git', ['-C', folder, ...IDENTITY, ...args], {
    env,
    encoding: 'utf8',
  }).trim();
}

test.skipIf(!requireTool('git'))(
  'a checkout tells its origin and commit as git does: on a branch, packed, detached, in a worktree',
  async () => {
    await using dir = await tempFolder();
    const repo = dir.join('repo');
    git(dir.path, 'init', '-q', '-b', 'main', repo);
    git(repo, 'commit', '-q', '--allow-empty', '-m', 'one');
    expect(readGitCheckout(repo)).toEqual({ commit: git(repo, 'rev-parse', 'HEAD') });
    git(repo, 'remote', 'add', 'upstream', 'https://example.org/upstream.git');
    git(repo, 'remote', 'add', 'origin', ORIGIN.replace('//', '//oauth2:s3cret@'));
    const expected = { origin: ORIGIN, commit: git(repo, 'rev-parse', 'HEAD') };
    expect(readGitCheckout(repo)).toEqual(expected);
    git(repo, 'pack-refs', '--all');
    rmSync(`${repo}/.git/refs/heads/main`, { force: true });
    expect(readGitCheckout(repo)).toEqual(expected);
    git(repo, 'worktree', 'add', '-q', '-b', 'other', dir.join('tree'));
    git(dir.join('tree'), 'commit', '-q', '--allow-empty', '-m', 'two');
    const other = git(dir.join('tree'), 'rev-parse', 'HEAD');
    expect(readGitCheckout(dir.join('tree'))).toEqual({ origin: ORIGIN, commit: other });
    git(repo, 'checkout', '-q', '--detach', other);
    expect(readGitCheckout(repo)).toEqual({ origin: ORIGIN, commit: other });
  },
);

test('what is no checkout, or was made to mislead, tells nothing', async () => {
  await using dir = await tempFolder();
  expect(readGitCheckout(dir.path)).toBeUndefined();
  mkdirSync(dir.join('.git'));
  writeFileSync(dir.join('secret'), 'a'.repeat(40));
  symlinkSync(dir.join('secret'), dir.join('.git/HEAD'));
  expect(readGitCheckout(dir.path)).toBeUndefined();
  rmSync(dir.join('.git/HEAD'));
  writeFileSync(dir.join('.git/HEAD'), 'ref: refs/../../secret\n');
  expect(readGitCheckout(dir.path)).toEqual({});
});

test.each([
  ['https://github.com/a/b.git', 'https://github.com/a/b.git'],
  ['https://token@github.com/a/b', 'https://github.com/a/b'],
  ['https://u:p@github.com/a/b?private_token=x#y', 'https://github.com/a/b'],
  ['ssh://git:pw@host:22/a', 'ssh://git@host:22/a'],
  ['git@github.com:a/b.git', 'git@github.com:a/b.git'],
  ['/srv/git/a', '/srv/git/a'],
  ['user:pw@host:a', undefined],
  ['ext::sh -c evil', undefined],
  ['--upload-pack=evil', undefined],
])('of the origin %s is kept %s', (url, kept) => {
  expect(withoutCredentials(url)).toBe(kept);
});
