import { passMutations } from './pass-mutations.ts';
import { tarMutations } from './tar-mutations.ts';

/**
 * The lines that keep the data-safety rules (docs/data-safety.md), each with the test that must
 * fail without it. `npm run mutate` shows that it does.
 */
export interface Mutation {
  /** Number of the rule in docs/data-safety.md. */
  readonly rule: number;
  /** What is broken on purpose. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
  readonly test: NamedTest;
}

export interface NamedTest {
  readonly file: string;
  /** The title, or so much of it as stands in the file literally. */
  readonly title: string;
}

const rawReading = 'test/live/raw-reading.test.ts';
const captureStopped = 'test/live/capture-stopped.test.ts';
const changes = 'test/live/archive-changes.test.ts';
const rules = 'test/live/backup-rules.test.ts';
const crash = 'test/crash/backup-crash.test.ts';
const changedPages = 'test/live/changed-pages.test.ts';
const databaseChecks = 'test/live/database-checks.test.ts';
const locks = 'src/repository/lock.test.ts';
const swap = 'src/operations/in-place/swap-paths.test.ts';
const inPlace = 'test/crash/restore-in-place-crash.test.ts';
const drills = 'test/e2e/drill.test.ts';

const dying: NamedTest = { file: crash, title: 'its n-th change of the store, for each n' };
const powerCut: NamedTest = { file: crash, title: 'a power cut during a backup' };

export const mutations: readonly Mutation[] = [
  {
    rule: 1,
    what: 'a database at rest is copied without looking whether somebody wrote meanwhile',
    file: 'src/sqlite/quiet-copy.ts',
    text: '  return await isUnchanged(survey, image, signal);\n}\n\nfunction waitForQuietMs',
    replacement: '  return true;\n}\n\nfunction waitForQuietMs',
    test: {
      file: 'src/sqlite/quiet-copy.test.ts',
      title: 'during the copy makes it worthless',
    },
  },
  {
    rule: 1,
    what: 'a journal is taken for unchanged by its times alone, though its ctime is another',
    file: 'src/sqlite/quiet-copy.ts',
    text: '    (await hasSameContent(journal, `${image}-journal`, signal)) && (await isAsSurveyed(survey))\n',
    replacement: '    hasSameContent !== undefined && (await isAsSurveyed(survey))\n',
    test: {
      file: 'src/sqlite/quiet-copy.test.ts',
      title: 'during the copy makes it worthless',
    },
  },
  {
    rule: 1,
    what: 'frames of a log that started anew are laid over the main file',
    file: 'src/sqlite/raw-image.ts',
    text: '  await wal?.assertSameGeneration();\n',
    replacement: '',
    test: { file: rawReading, title: 'a log that starts anew after it was scanned is noticed' },
  },
  {
    rule: 1,
    what: 'a log with a damaged frame is taken for an older one',
    file: 'src/sqlite/raw-wal.ts',
    text: '  assertReaches(index, header, scan);\n',
    replacement: '',
    test: { file: rawReading, title: 'a log with a damaged frame before its last commit' },
  },
  {
    rule: 1,
    what: 'frames are taken although no commit follows them',
    file: 'src/sqlite/wal-scan.ts',
    text: '    if (frame.pagesAfterCommit === 0) continue;\n',
    replacement: '',
    test: { file: rawReading, title: 'frames of a transaction that is not committed are left out' },
  },
  {
    rule: 1,
    what: 'the gate opens the database for writing',
    file: 'src/sqlite/read-lock.ts',
    text: "'mode=ro&readonly_shm=1');\n  const database = new DatabaseSync(uri, { readOnly: true,",
    replacement: "'mode=rw');\n  const database = new DatabaseSync(uri, {",
    test: {
      file: captureStopped,
      title: 'database is captured with every acknowledged commit, its folder untouched',
    },
  },
  {
    rule: 1,
    what: 'an empty main file beside a WAL is opened',
    file: 'src/sqlite/read-lock.ts',
    text: '    assertHarmlessToOpen(request);\n',
    replacement: '',
    test: { file: captureStopped, title: 'an empty main file beside a full WAL is a database' },
  },
  {
    rule: 2,
    what: 'what vanished between the passes is dropped',
    file: 'src/snapshot/archive.ts',
    text: '      keepMissed: (node, path) => kept.keep(node, path),\n',
    replacement: '',
    test: { file: changes, title: 'a file that vanished after the first pass stays' },
  },
  {
    rule: 1,
    what: 'only new frames are read though a checkpoint wrote into the main file',
    file: 'src/sqlite/changed-pages.ts',
    text: '  if (isSameStamp(stateOf(await main.stat({ bigint: true })).stamp, state.main)) return;\n',
    replacement:
      '  if (isSameStamp(state.main, stateOf(await main.stat({ bigint: true })).stamp) || main) return;\n',
    test: { file: changedPages, title: 'a checkpoint since then makes all be read' },
  },
  {
    rule: 1,
    what: 'the piece at the end of a database that shrank is taken over as it was',
    file: 'src/sqlite/changed-pages.ts',
    text: '  if (scan.pageCount !== pageCountThen) {\n',
    replacement: '  if (scan.pageCount !== pageCountThen && pageCountThen === 0) {\n',
    test: { file: changedPages, title: 'a piece that only became shorter' },
  },
  {
    rule: 1,
    what: 'pages and counts may be of two states',
    file: 'src/sqlite/capture-changes.ts',
    text: '    assertNoCommit(before, await readWalIndex(shm));\n',
    replacement: '    void assertNoCommit;\n',
    test: { file: changedPages, title: 'a commit while the pages are read makes them worthless' },
  },
  {
    rule: 1,
    what: 'a changed page that is none does not matter until the check of the day',
    file: 'src/snapshot/archive-database.ts',
    text: 'known === undefined || foundOdd',
    replacement: 'known === undefined',
    test: { file: databaseChecks, title: 'has all of the database checked at once' },
  },
  {
    rule: 1,
    what: 'a database once found damaged counts as checked',
    file: 'src/snapshot/check-policy.ts',
    text: "if (policy === 'always' || known.integrity.result !== 'ok') return false;",
    replacement: "if (policy === 'always') return false;",
    test: { file: 'src/snapshot/check-policy.test.ts', title: 'may stay unread' },
  },
  {
    rule: 2,
    what: 'a file is taken over whatever its size and times',
    file: 'src/snapshot/unchanged.ts',
    text: '    (previous.size ?? 0) === (now.size ?? 0) &&\n    isSameTime(previous.mtime, now.mtime) &&\n    isSameTime(previous.ctime, now.ctime) &&\n',
    replacement: '',
    test: { file: changes, title: 'what changed after the first pass is stored as it became' },
  },
  {
    rule: 2,
    what: 'files younger than the first pass wait for the second',
    file: 'src/snapshot/archive-database.ts',
    text: 'await options.rescue(names)',
    replacement: 'new Set<string>()',
    test: { file: changes, title: 'a picture younger than the first pass' },
  },
  {
    rule: 2,
    what: 'a capture that names a file already deleted is good enough',
    file: 'src/snapshot/archive-database.ts',
    text: 'if (!raced || left === 1)',
    replacement: 'if (raced || left >= 1)',
    test: { file: changes, title: 'with its row meanwhile is captured again' },
  },
  {
    rule: 2,
    what: 'a file that changed while it was read counts as read',
    file: 'src/snapshot/save-content.ts',
    text: 'if (!stillChanging && hasSettled(node, startedAt))',
    replacement: 'if (content.length >= 0)',
    test: { file: 'src/snapshot/save-content.test.ts', title: 'is read again' },
  },
  {
    rule: 2,
    what: 'a small file is taken although it is not as the walk saw it',
    file: 'src/source/small-file.ts',
    text: 'return stats.isFile() && now.every((value, at) => value === stamp[at]);',
    replacement: 'return stats.isFile() && stamp.length > 0;',
    test: { file: 'src/source/small-file.test.ts', title: 'since then is not taken' },
  },
  {
    rule: 2,
    what: 'a small file is taken although it was written a moment ago',
    file: 'src/snapshot/small-files.ts',
    text: 'outcome !== outcomes.sealed || !isSettledWithin(reading, seen.stats.ctimeMs)',
    replacement: 'outcome !== outcomes.sealed || reading.endedAt < reading.beganAt',
    test: { file: 'src/snapshot/small-files.test.ts', title: 'is left to be read again' },
  },
  {
    rule: 2,
    what: 'the WAL of a captured database is stored beside it',
    file: 'src/snapshot/archive.ts',
    text: "      if (entry.kind === 'leaf' && this.#captures.isSidecarOfCaptured(entry.path)) continue;\n",
    replacement: '',
    test: { file: changes, title: 'without the WAL it left' },
  },
  {
    rule: 2,
    what: 'a snapshot with gaps is not tagged',
    file: 'src/operations/run-backup.ts',
    text: "    ...(outcome === 'partial' || outcome === 'failed' ? ['partial'] : []),\n",
    replacement: '',
    test: { file: rules, title: 'whose snapshot keeps the files and is no full one' },
  },
  {
    rule: 2,
    what: 'a discovered database that could not be captured is copied as a file',
    file: 'src/snapshot/archive-captures.ts',
    text: 'WORTH_A_PLAIN_COPY.includes(error.code)',
    replacement: "error.code !== 'DATABASE_MISSING'",
    test: { file: rules, title: 'is left out, not copied torn' },
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
    test: { file: locks, title: 'a repository whose lock was lost writes nothing more' },
  },
  {
    rule: 7,
    what: 'the old -wal stays beside a restored database',
    file: 'src/operations/in-place/swap-units.ts',
    text: '  if (isDatabase) await planSidecars(',
    replacement: '  if (isDatabase && units.length < 0) await planSidecars(',
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
    text: '    await journal.update({ units: await planSwap(roots, planning) });',
    replacement:
      '    const units = await planSwap(roots, planning);\n    await swapIn(units, machine);\n    await journal.update({ units });',
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
    what: 'an app that is ill afterwards is left so',
    file: 'src/operations/in-place/change-run.ts',
    text: "  if (verdict === undefined || verdict.kind === 'healthy') return;",
    replacement: '  if (verdict !== null) return;',
    test: { file: inPlace, title: 'ill on the restored state' },
  },
  {
    rule: 8,
    what: 'a copy is started although it cannot be kept from the network',
    file: 'src/operations/drill/drill.ts',
    text: '  if (confinement.network || isAllowed) return confinement;',
    replacement: '  if (confinement !== null || isAllowed) return confinement;',
    test: { file: drills, title: 'a drill must be allowed by name' },
  },
  {
    rule: 8,
    what: 'the copy sees the live files where they are',
    file: 'src/operations/drill/start-copy.ts',
    text: '      mounts: confinement.files ? view.mounts : [],',
    replacement: '      mounts: [],',
    test: { file: drills, title: 'whose settings name the live database reaches the copy of it' },
  },
  {
    rule: 8,
    what: 'the copy is given the environment of whoever drills',
    file: 'src/operations/drill/start-copy.ts',
    text: "    HOME: view.seenAt(join(runFolder, 'home')),",
    replacement:
      "    ...(input.environment as Record<string, string>),\n    HOME: view.seenAt(join(runFolder, 'home')),",
    test: { file: drills, title: 'who sees nothing else of Keepsake' },
  },
  {
    rule: 8,
    what: 'the copy goes on when Keepsake is killed',
    file: 'src/host/confined-main.ts',
    text: "process.on('disconnect', () => stop.abort(new Error('Keepsake is gone')));",
    replacement: '',
    test: { file: drills, title: 'a drill that is killed takes its copy along' },
  },
  ...passMutations,
  ...tarMutations,
];
