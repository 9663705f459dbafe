/** Of what is written to the repository, in which order, under which lock. */
import type { Mutation, NamedTest } from './mutation.ts';

const crash = 'test/crash/backup-crash.test.ts';
const locks = 'src/repository/lock.test.ts';
const heldLocks = 'src/repository/held-lock.test.ts';
const dying: NamedTest = { file: crash, title: 'its n-th change of the store, for each n' };
const powerCut: NamedTest = { file: crash, title: 'a power cut during a backup' };

export const repositoryMutations: readonly Mutation[] = [
  {
    rule: 4,
    what: 'a copy of another index file is read for this one',
    file: 'src/repository/index-columns.ts',
    text: '  if (toHex(bytes.subarray(NAME_AT, NUMBERS_AT)) !== name) return undefined;\n',
    replacement: '',
    test: {
      file: 'src/repository/index-copies.test.ts',
      title: 'a copy under the name of another index file is not believed',
    },
  },
  {
    rule: 3,
    what: 'the snapshot does not wait for packs and index',
    file: 'src/operations/run-backup.ts',
    text: '    await saver.flush();\n',
    replacement: '',
    test: dying,
  },
  {
    rule: 3,
    what: 'the index does not wait for the packs',
    file: 'src/repository/blob-saver.ts',
    text: '    await this.#settleUploads();\n',
    replacement: '',
    test: dying,
  },
  {
    rule: 3,
    what: 'the bytes of a file are not synced',
    file: 'src/backend/whole-file.ts',
    text: '      if (content.sync !== false) await whereSupported(file.sync());\n',
    replacement: '',
    test: powerCut,
  },
  {
    rule: 3,
    what: 'the name of a file is not synced',
    file: 'src/backend/local-backend.ts',
    text: '      await this.#syncFolderOf(file);\n    });\n  }\n\n  async load',
    replacement: '    });\n  }\n\n  async load',
    test: powerCut,
  },
  {
    rule: 4,
    what: 'a sealed blob is not opened again',
    file: 'src/repository/blob-sealer.ts',
    text: '      openBlobInto(this.#target(plaintext.length), { master, id, sealed, ...result });\n',
    replacement: '',
    test: {
      file: 'src/repository/blob-saver.test.ts',
      title: 'a blob whose id is not its hash is refused before it is written',
    },
  },
  {
    rule: 4,
    what: 'a blob too large to be in memory is used whatever its hash is',
    file: 'src/repository/large-blob.ts',
    text: 'if (actualId !== id) throw',
    replacement: 'if (actualId === undefined) throw',
    test: {
      file: 'src/repository/large-blob.test.ts',
      title: 'a large blob that is damaged, cut, or not what is recorded',
    },
  },
  {
    rule: 4,
    what: 'the self-test accepts any answer of the cipher, hash, chunker and zstd',
    file: 'src/format/self-test.ts',
    text: '    if (!holds(answers)) throw',
    replacement: '    if (what === undefined) throw',
    test: { file: 'src/format/self-test.test.ts', title: 'that differs in one digit is found' },
  },
  {
    rule: 6,
    what: 'a lock is taken without looking a second time',
    file: 'src/repository/lock.ts',
    text: '      await refuseConflict(dependencies, exclusive, held, options);\n',
    replacement: '',
    test: { file: locks, title: 'two that ask for the exclusive lock at the same moment' },
  },
  {
    rule: 6,
    what: 'the same PID in another namespace counts as the same process',
    file: 'src/repository/lock-holder.ts',
    text: '    lock.pidNamespace === self.pidNamespace &&\n',
    replacement: '',
    test: { file: locks, title: 'is never removed unasked, however dead' },
  },
  {
    rule: 6,
    what: 'a process that lost its lock goes on writing',
    file: 'src/repository/repository.ts',
    text: '    this.#lock?.assertFresh();\n',
    replacement: '',
    test: { file: heldLocks, title: 'a repository whose lock was lost writes nothing more' },
  },
];
