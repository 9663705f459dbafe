/** A folder as it was, to be compared with what becomes of it: bytes, modes, owners, times, links. */
import { basename } from 'node:path';
import { compareTrees } from './compare-trees.ts';
import { runProgramOk } from './run-program.ts';

export interface FrozenTree {
  /** What differs now; places of changes beside the app's files do not count. */
  differences(): Promise<string[]>;
}

/** `copy`: where it is kept; nothing stands there. */
export async function freezeTree(folder: string, copy: string): Promise<FrozenTree> {
  await runProgramOk(['cp', '-a', folder, copy]);
  const skip = (path: string): boolean => basename(path).startsWith('.keepsake-restore-');
  return {
    async differences() {
      const found = await compareTrees(copy, folder, { skip });
      // A place that came to be in it.
      return found.filter((line) => !line.startsWith('.: mtime'));
    },
  };
}
