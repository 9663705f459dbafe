/** Of what a backup takes over from the snapshot before, and of its second pass over the files. */
import type { Mutation } from './mutation.ts';

const onePass = 'test/live/archive-one-pass.test.ts';

export const passMutations: readonly Mutation[] = [
  {
    rule: 2,
    what: 'an entry is told as it was though it may have changed within the grain of its ctime',
    file: 'src/source/known-entry.ts',
    text: '    stats.ctimeNs < restedBeforeNs &&\n',
    replacement: '',
    test: {
      file: 'src/source/known-entry.test.ts',
      title: 'an entry that had not rested when the earlier walk began',
    },
  },
  {
    rule: 2,
    what: 'an entry that is not the next one of the parent’s counts as that one',
    file: 'src/snapshot/tree-frame.ts',
    text: 'this.#expected[0] === node',
    replacement: 'this.#expected.length > 0',
    test: {
      file: 'src/snapshot/tree-store.test.ts',
      title: 'a folder is as the parent has it only',
    },
  },
  {
    rule: 2,
    what: 'a folder is taken for the parent’s though some of its entries are gone',
    file: 'src/snapshot/tree-frame.ts',
    text: 'this.#sameCount === this.#same?.nodes.length',
    replacement: 'this.#same !== undefined',
    test: {
      file: 'src/snapshot/tree-store.test.ts',
      title: 'a folder is as the parent has it only',
    },
  },
  {
    rule: 2,
    what: 'files are looked at once though one of the databases was committed to',
    file: 'src/snapshot/archive-captures.ts',
    text: 'return [...this.#tried].every((path)',
    replacement: 'return [...this.#tried].some((path)',
    test: { file: onePass, title: 'a commit to one of two databases' },
  },
  {
    rule: 2,
    what: 'a discovered database is taken from the draft as a plain file',
    file: 'src/snapshot/archive.ts',
    text: 'isPlainInParent: (path) => !this.#captures.isDiscovered(path),',
    replacement: 'isPlainInParent: () => true,',
    test: { file: onePass, title: 'a commit to one of two databases' },
  },
];
