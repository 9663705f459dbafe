/** A folder as it was, to be compared with what becomes of it: bytes, modes, owners, times, links. */
import { basename } from 'node:path';
import { compareTrees } from './compare-trees.ts';
import { runProgramOk } from './run-program.ts';

export interface FrozenTree {
  /** What differs now; places of changes beside the app's files do not count. */
  differences(): Promise<string[]>;
}

export interface FreezeOptions {
  /** Where the copy is kept; nothing stands there. */
  readonly copy: string;
  /** Folders in which entries come and go by themselves, and whose mtime says so. */
  readonly busy?: readonly string[];
  /** Left out, with all below. */
  readonly without?: readonly string[];
}

export async function freezeTree(
  folder: string,
  { copy, busy = [], without = [] }: FreezeOptions,
): Promise<FrozenTree> {
  await runProgramOk(['cp', '-a', folder, copy]);
  const skip = (path: string): boolean =>
    basename(path).startsWith('.keepsake-restore-') || without.includes(path);
  // Places come to be in the folder itself.
  const expected = ['.', ...busy].map((path) => `${path}: mtime`);
  return {
    async differences() {
      const found = await compareTrees(copy, folder, { skip });
      return found.filter((line) => !expected.some((start) => line.startsWith(start)));
    },
  };
}
