import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

const shown = displayRawName;

function shortNames(packs: readonly string[]): string {
  const first = packs.slice(0, 5).map((name) => name.slice(0, 8));
  return [...first, ...(packs.length > 5 ? [`${packs.length - 5} more`] : [])].join(', ');
}

export const repairErrors = {
  REPAIR_INDEX_FIRST: entry<{ gone: readonly string[]; found: readonly string[] }>({
    exit: ExitCode.damage,
    message: ({ gone, found }) =>
      gone.length > 0
        ? `the index names packs that are missing or cut short: ${shortNames(gone)}`
        : `packs that no index names hold what the snapshots seem to lack: ${shortNames(found)}`,
    hint: () =>
      'Nothing was changed. The index must be right before snapshots are: `keepsake repair index`',
    example: {
      gone: [],
      found: ['4b8a6b8f7dd4a0d3c0b2f7a3f0a6d3f7ad5a2bb0b1c7a0c4d5e6f708192a3b4c'],
    },
  }),
  REPAIR_TREE_UNSUPPORTED: entry<{ path: string; treeId: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, treeId, why }) =>
      `the folder "${shown(path)}" (tree ${treeId.slice(0, 8)}) cannot be written anew without losing something: ${why}`,
    hint: () =>
      'The snapshot was left as it is; what is whole in it can be restored. The program that wrote it, or a newer Keepsake, may repair it.',
    example: { path: '/srv/app', treeId: 'a1'.repeat(32), why: 'it holds fields unknown here' },
  }),
};
