/** Of changes in place: restores, rollbacks. */
import type { Mutation } from './mutation.ts';

const swap = 'src/operations/in-place/swap-paths.test.ts';
const live = 'test/crash/restore-live-crash.test.ts';
const diskFull = 'test/crash/restore-disk-full.test.ts';
const inPlace = 'test/crash/restore-in-place-crash.test.ts';
const kept = 'test/crash/kept-files-crash.test.ts';

export const changeMutations: readonly Mutation[] = [
  {
    rule: 7,
    what: 'the old -wal stays beside a restored database',
    file: 'src/operations/in-place/swap-units.ts',
    text: '  if (isDatabase) {',
    replacement: '  if (isDatabase && units.length < 0) {',
    test: { file: swap, title: 'a -wal that the app made' },
  },
  {
    rule: 7,
    what: 'a -wal that is not its own stays beside a database that comes in',
    file: 'src/operations/in-place/swap-paths.ts',
    text: '    await moves.moveAside(live, stray);\n  }\n  if (fresh !== undefined) await moves.move(fresh, live);',
    replacement:
      '    if (fresh !== undefined) await moves.moveAside(live, stray);\n  }\n  if (fresh !== undefined) await moves.move(fresh, live);',
    test: { file: swap, title: 'a reboot started halfway' },
  },
  {
    rule: 7,
    what: 'renames are not made durable where they arrive',
    file: 'src/operations/in-place/swap-paths.ts',
    text: 'for (const folder of this.#arrived) await whereSupported(this.#files.syncFolder(folder));',
    replacement: '',
    test: { file: swap, title: 'cut off at its n-th call by a power cut' },
  },
  {
    rule: 7,
    what: 'files are moved before the journal says which',
    file: 'src/operations/in-place/snapshot-change.ts',
    text: '    await journal.update({ units });',
    replacement: '    await swapIn(units, machine);\n    await journal.update({ units });',
    test: {
      file: inPlace,
      title: 'dies at its n-th call, for each n from the stop on',
    },
  },
  {
    rule: 7,
    what: 'the service may start while its files are replaced',
    file: 'src/operations/in-place/change-service.ts',
    text: '      await this.#hold(control, signal);',
    replacement: '',
    test: {
      file: inPlace,
      title: 'dies at its n-th call, for each n from the stop on',
    },
  },
  {
    rule: 7,
    what: 'a full disk refuses the way back',
    file: 'src/operations/in-place/change-steps.ts',
    text: '        if (!isDiskFull(error)) throw error;',
    replacement: '        if (error !== null) throw error;',
    test: { file: diskFull, title: 'a disk that is full from the n-th call on' },
  },
  {
    rule: 7,
    what: 'a half-restored app starts with the machine',
    file: 'src/operations/in-place/change-service.ts',
    text: '      await journal.mark();',
    replacement: '',
    test: {
      file: inPlace,
      title: 'dies at its n-th call, for each n from the stop on',
    },
  },
  {
    rule: 7,
    what: 'a backup removes old files that an unfinished rollback needs',
    file: 'src/operations/in-place/kept-files.ts',
    text: '  if (unfinished.some((journal) => journal.app.name === app)) return removed;',
    replacement: '',
    test: { file: inPlace, title: 'a backup that ends while a rollback waits' },
  },
  {
    rule: 7,
    what: 'what the app wrote on a live restore that was cut off is written over',
    file: 'src/operations/in-place/live-copies.ts',
    text: '    await this.#save(root, image, path);',
    replacement: '',
    test: { file: live, title: 'whatever the app writes after that' },
  },
  {
    rule: 7,
    what: 'an app that is ill afterwards is left so',
    file: 'src/operations/in-place/change-run.ts',
    text: "  if (verdict === undefined || verdict.kind === 'healthy') return;",
    replacement: '  if (verdict !== null) return;',
    test: { file: inPlace, title: 'ill on the restored state' },
  },
  {
    rule: 7,
    what: 'old files keep their name while they are removed',
    file: 'src/operations/in-place/known-changes.ts',
    text: "return (await isIn('old')) && !(await isIn(GIVEN_UP));",
    replacement: "return (await isIn('old')) || (await isIn(GIVEN_UP));",
    test: { file: kept, title: 'old files of which a backup that died removed some' },
  },
];
