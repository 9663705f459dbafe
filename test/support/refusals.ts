/** What every command answers that is given no repository, no password or no snapshot that is there. */
import { expect, test } from 'vitest';
import type { AppLab } from './app-lab.ts';

/** `argsFor` makes the command's arguments for a snapshot. */
export function testRefusals(lab: () => AppLab, argsFor: (snapshot: string) => string[]): void {
  test('a folder without a repository is exit 10, and nothing is made there', async () => {
    const repository = lab().join('empty');
    const { stderr } = await lab().keepsake(argsFor('latest'), { repository, exits: 10 });
    expect(stderr).toContain('keepsake');
    expect(stderr).toContain('init');
  });

  test('a wrong password is exit 12', async () => {
    const env = { KEEPSAKE_PASSWORD: 'wrong' };
    const { stderr, stdout } = await lab().keepsake(argsFor('latest'), { env, exits: 12 });
    expect(stderr).toContain('password');
    expect(stdout).toBe('');
  });

  test('an id that names no snapshot is said with the command that lists them', async () => {
    const { stderr } = await lab().keepsake(argsFor('ffffffffffffffff'), { exits: 1 });
    expect(stderr).toContain('no snapshot matches "ffffffffffffffff"');
    expect(stderr).toContain('keepsake snapshots');
  });
}
