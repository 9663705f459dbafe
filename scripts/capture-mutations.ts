/** Of how a live database is captured. */
import type { Mutation } from './mutation.ts';

const rawReading = 'test/live/raw-reading.test.ts';
const captureStopped = 'test/live/capture-stopped.test.ts';
const changedPages = 'test/live/changed-pages.test.ts';
const databaseChecks = 'test/live/database-checks.test.ts';

export const captureMutations: readonly Mutation[] = [
  {
    rule: 1,
    what: 'a copy taken ahead is used though the database changed since',
    file: 'src/sqlite/capture-ahead.ts',
    text: ' && now.main.identity === then.main.identity',
    replacement: '',
    test: {
      file: 'src/sqlite/capture-ahead.test.ts',
      title: 'what was committed since the copy is in the capture',
    },
  },
  {
    rule: 1,
    what: 'a database is copied ahead within the kernel’s tick of its last write',
    file: 'src/sqlite/capture-ahead.ts',
    text: ' || isTooYoung(survey.main, clock.now())',
    replacement: '',
    test: {
      file: 'src/sqlite/capture-ahead.test.ts',
      title: 'one that was written a moment ago is not copied',
    },
  },
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
];
