/** Of what a backup holds, and when it is no full one. */
import type { Mutation } from './mutation.ts';

const changes = 'test/live/archive-changes.test.ts';
const databases = 'test/live/archive-databases.test.ts';
const rules = 'test/live/backup-rules.test.ts';

export const backupMutations: readonly Mutation[] = [
  {
    rule: 2,
    what: 'what vanished between the passes is dropped',
    file: 'src/snapshot/archive.ts',
    text: '      keepMissed: (node, path) => kept.keep(node, path),\n',
    replacement: '',
    test: { file: changes, title: 'a file that vanished after the first pass stays' },
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
    test: { file: databases, title: 'a picture younger than the first pass' },
  },
  {
    rule: 2,
    what: 'a capture that names a file already deleted is good enough',
    file: 'src/snapshot/archive-database.ts',
    text: 'if (!raced || left === 1)',
    replacement: 'if (raced || left >= 1)',
    test: { file: databases, title: 'with its row meanwhile is captured again' },
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
    test: { file: databases, title: 'without the WAL it left' },
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
];
