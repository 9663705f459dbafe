import { existsSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runProgramOk } from '../../../test/support/run-program.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { systemClock } from '../../base/clock.ts';
import { holdsGitFolder, planUpdate } from './code-checkout.ts';

/** A checkout whose upstream is one commit ahead. */
async function openLab() {
  const dir = await tempFolder();
  const [origin, folder] = [dir.join('origin'), dir.join('repo')];
  const git = async (...args: string[]): Promise<void> => {
    const own = ['-c', 'user.name=lab', '-c', 'user.email=lab@example.com'];
    await runProgramOk(['git', ...own, ...args], { cwd: dir.path, env: { HOME: dir.path } });
  };
  const commit = async (text: string): Promise<void> => {
    writeFileSync(dir.join('origin', 'app.js'), text);
    await git('-C', origin, 'add', '-A');
    await git('-C', origin, 'commit', '--quiet', '-m', text);
    await git('-C', origin, 'tag', '--force', 'stable');
  };
  await git('init', '--quiet', '-b', 'main', origin);
  await commit('v1');
  await git('clone', '--quiet', origin, folder);
  await commit('v2');
  const warnings: string[] = [];
  const plan = (ref?: string) => {
    const environment = { PATH: process.env['PATH'], HOME: dir.path };
    const app = { environment: {} };
    const checkout = { folder, app, clock: systemClock, environment, account: undefined };
    return planUpdate(checkout, ref, { warn: (text) => warnings.push(text) });
  };
  return {
    dir,
    folder,
    git,
    plan,
    warnings,
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

test('a tag that was moved upstream does not keep the code from its next version', async () => {
  await using lab = await openLab();
  expect(await lab.plan()).toMatchObject({ commitCount: 1 });
  expect(lab.warnings).toEqual([expect.stringContaining('not all tags could be fetched')]);
});

test('only a whole name is a branch; anything else that git knows is a commit', async () => {
  await using lab = await openLab();
  await lab.git('-C', lab.folder, 'pull', '--quiet', '--ff-only');
  for (const ref of ['HEAD~1', 'main~1']) {
    const update = await lab.plan(ref);
    expect(update?.steps.map((argv) => argv.slice(0, 3))).toEqual([
      ['git', 'checkout', '--detach'],
    ]);
  }
});

test('a work tree has its git folder elsewhere, a clone has not', async () => {
  await using lab = await openLab();
  const tree = lab.dir.join('tree');
  await lab.git('-C', lab.folder, 'worktree', 'add', '--quiet', tree);
  expect(existsSync(lab.dir.join('tree', '.git'))).toBe(true);
  expect([holdsGitFolder(lab.folder), holdsGitFolder(tree)]).toEqual([true, false]);
});

test('of what git says the reason is told, not the advice that follows it', async () => {
  await using lab = await openLab();
  await lab.git('-C', lab.folder, 'remote', 'set-url', 'origin', lab.dir.join('nowhere'));
  await expect(lab.plan()).rejects.toThrow(/failed: fatal: .*nowhere/);
});
