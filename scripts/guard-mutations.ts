/** Of guards and updates: what commands do to an app. */
import type { Mutation } from './mutation.ts';

const crash = 'test/crash/guard-crash.test.ts';
const copies = 'src/operations/in-place/copy-aside.test.ts';

export const guardMutations: readonly Mutation[] = [
  {
    rule: 7,
    what: 'commands run before the copies are whole',
    file: 'src/operations/in-place/guard-change.ts',
    text: '      await this.#finishCopies();',
    replacement: '',
    test: { file: crash, title: 'the old state comes back, wherever that way is cut off' },
  },
  {
    rule: 7,
    what: 'copies that are not whole are put back',
    file: 'src/operations/in-place/guard-change.ts',
    text: '    if (began !== true || reverted === true) return;',
    replacement: '    if (reverted === true) return;',
    test: { file: crash, title: 'puts no copies back' },
  },
  {
    rule: 7,
    what: 'a database that a command spoilt is kept',
    file: 'src/operations/in-place/guard-change.ts',
    text: '    await this.#judge();',
    replacement: '',
    test: { file: crash, title: 'or has no sound database' },
  },
  {
    rule: 7,
    what: 'dependencies stay as they are where the code goes back',
    file: 'src/operations/in-place/what-stays.ts',
    text: ' && !isWhole(path)',
    replacement: '',
    test: { file: crash, title: 'code, dependencies and data that commands change' },
  },
  {
    rule: 7,
    what: 'a file that may have changed within one tick of the clock counts as copied',
    file: 'src/operations/in-place/copy-aside.ts',
    text: 'if (!this.#isFresh(stats)) ',
    replacement: '',
    test: { file: copies, title: 'fresh when it was copied is not trusted' },
  },
  {
    rule: 7,
    what: 'a database is copied while it is in use',
    file: 'src/operations/in-place/copy-aside.ts',
    text: '    if (this.#isRunning && this.#databases.has(entry.at)) return;',
    replacement: '',
    test: { file: copies, title: 'only when the app has stopped' },
  },
];
