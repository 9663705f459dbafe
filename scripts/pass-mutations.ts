/** Of what a backup takes over from the snapshot before, and of its second pass over the files. */
import type { Mutation } from './mutation.ts';

const onePass = 'test/live/archive-one-pass.test.ts';
const wholeUnit = 'src/snapshot/whole-folders.test.ts';
const wholeLive = 'test/live/whole-folders.test.ts';

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
  {
    rule: 2,
    what: 'a folder is taken whole though a file in it changed within the grain of its ctime',
    file: 'src/snapshot/whole-folders.ts',
    text: 'look === undefined || look.changedNs >= this.#options.restedBeforeNs',
    replacement: 'look === undefined',
    test: { file: wholeLive, title: 'what came less than its times can tell ago' },
  },
  {
    rule: 2,
    what: 'a folder is taken whole though it looks otherwise',
    file: 'src/snapshot/whole-folders.ts',
    text: ' || known.digest !== look.digest',
    replacement: '',
    test: { file: wholeLive, title: 'other bytes, the times as before' },
  },
  {
    rule: 2,
    what: 'a folder is taken whole though pieces of its files are not stored any more',
    file: 'src/snapshot/whole-folders.ts',
    text: ' || !this.#areStored(bytes, look.fileCount)',
    replacement: '',
    test: { file: wholeUnit, title: 'a piece of the last file is not stored' },
  },
  {
    rule: 2,
    what: 'the second pass takes a folder whole though something came before the capture',
    file: 'src/snapshot/whole-folders.ts',
    text: 'looked.isProved = now?.digest === looked.look.digest;',
    replacement: 'looked.isProved = now !== undefined;',
    test: { file: wholeLive, title: 'a file that changes before the capture' },
  },
  {
    rule: 2,
    what: 'a folder is taken whole though a file in it could not be read whole',
    file: 'src/snapshot/archive.ts',
    text: ' && !this.#problems.some(isAmiss)',
    replacement: '',
    test: { file: wholeLive, title: 'a folder with a file that could not be read' },
  },
  {
    rule: 2,
    what: 'a folder is taken whole with a database in it',
    file: 'src/snapshot/archive.ts',
    text: 'return !this.#captures.isDiscoveredBelow(folder) && !this',
    replacement: 'return !this',
    test: { file: wholeLive, title: 'a folder with a database in it' },
  },
  {
    rule: 2,
    what: 'a folder is taken whole though other patterns leave other files out',
    file: 'src/source/folder-look.ts',
    text: '${setup}',
    replacement: '',
    test: { file: wholeLive, title: 'other patterns' },
  },
];
