/** Of a rebuild on an empty machine. */
import type { Mutation } from './mutation.ts';

const targets = 'src/operations/rebuild/find-targets.test.ts';
const crash = {
  file: 'test/crash/rebuild-crash.test.ts',
  title: 'dies at its n-th change leaves nothing halfway',
};

export const rebuildMutations: readonly Mutation[] = [
  {
    rule: 7,
    what: 'a rebuild takes what stands there for nothing',
    file: 'src/operations/rebuild/find-targets.ts',
    text: '    else found.inTheWay.push(at);',
    replacement: '    else found.wanted.push(at);',
    test: { file: targets, title: 'what stands there is in the way' },
  },
  {
    rule: 7,
    what: 'a rebuilt database comes beside an old -wal',
    file: 'src/operations/rebuild/find-targets.ts',
    text: '    found.inTheWay.push(...sidecarsOf(realPath(path)).filter(isThere));',
    replacement: '',
    test: { file: targets, title: 'an old -wal where a database comes by itself' },
  },
  {
    rule: 7,
    what: 'a rebuild that was cut off while it was made ready is moved into place',
    file: 'src/operations/rebuild/rebuild-journal.ts',
    text: "...fields, step: 'stage', ...empty",
    replacement: "...fields, step: 'place', ...empty",
    test: crash,
  },
  {
    rule: 7,
    what: 'a rebuild writes the config before the app is there',
    file: 'src/operations/rebuild/run-rebuild.ts',
    text: "  if (journal.step === 'place') {",
    replacement:
      "  await writeSettings(context, planned.plan, (owner) => owner);\n  if (journal.step === 'place') {",
    test: crash,
  },
  {
    rule: 7,
    what: 'a rebuild forgets that all is in place while it removes what is left',
    file: 'src/operations/rebuild/run-rebuild.ts',
    text: "  await saveJournal(files, { ...journal, step: 'settle' });",
    replacement: '',
    test: crash,
  },
];
