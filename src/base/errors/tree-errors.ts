import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

const NEXT =
  'Nothing was changed, and no entry of that folder was used. `keepsake check` names the snapshots it is part of.';

export const treeErrors = {
  TREE_MALFORMED: entry<{ offset: number; what: string }>({
    exit: ExitCode.damage,
    message: ({ offset, what }) => `a folder's record is broken at character ${offset}: ${what}`,
    hint: () => NEXT,
    example: { offset: 4711, what: 'expected ":"' },
  }),
  TREE_NODE_INVALID: entry<{ name: string; what: string }>({
    exit: ExitCode.damage,
    message: ({ name, what }) => `a folder's record holds a broken entry "${name}": ${what}`,
    hint: () => NEXT,
    example: { name: 'photo.webp', what: '"mtime" is not a time: "yesterday"' },
  }),
  TREE_NAME_UNSAFE: entry<{ name: string }>({
    exit: ExitCode.damage,
    message: ({ name }) => `a folder's record holds an entry that no folder can hold: "${name}"`,
    hint: () =>
      'Such a name could write outside the folder being restored, so it was refused and nothing was changed. `keepsake check` names the snapshots it is part of.',
    example: { name: '../etc/passwd' },
  }),
  TREE_NAME_TWICE: entry<{ name: string }>({
    exit: ExitCode.damage,
    message: ({ name }) => `a folder's record holds the entry "${name}" twice`,
    hint: () => NEXT,
    example: { name: 'photo.webp' },
  }),
};
