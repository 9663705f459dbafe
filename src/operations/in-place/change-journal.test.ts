import { expect, test } from 'vitest';
import { DurableFileLayer } from '../../../test/support/durable-file-layer.ts';
import { killedAt } from '../../../test/support/intercepted-file-layer.ts';
import { plainJournal } from '../../../test/support/plain-journal.ts';
import { writeDurably } from './change-files.ts';
import { JournalFile, journalPath, journalsBeside, loadJournal } from './change-journal.ts';

const PLACE = '/srv/.keepsake-restore-00000001';

function journal() {
  return plainJournal({ places: [{ path: PLACE }], roots: [] });
}

test.each(['lose-names', 'keep-names'] as const)(
  'a journal cut off by a power cut at its n-th call is the old one or the new one (%s)',
  async (names) => {
    const disk = new DurableFileLayer();
    await new JournalFile(journal(), { files: disk }).save();
    for (let n = 1; ; n += 1) {
      const cut = disk.clone();
      const { layer, died } = killedAt(cut, n);
      const file = new JournalFile(journal(), { files: layer });
      await file.update({ step: 'apply' }).catch(() => {});
      cut.crash(names);
      const found = await loadJournal(cut, journalPath(journal()));
      expect(died() ? ['protect', 'apply'] : ['apply']).toContain(found?.step);
      // Whoever comes next can write it again.
      await new JournalFile(journal(), { files: cut }).update({ step: 'start' });
      if (!died()) break;
    }
  },
);

test('it is found beside the data without a state folder', async () => {
  const disk = new DurableFileLayer();
  await new JournalFile(journal(), { files: disk }).save();
  expect(await journalsBeside(disk, ['/srv', '/absent'])).toEqual([journalPath(journal())]);
});

test('one of a later Keepsake, or of something else, is refused and left', async () => {
  const disk = new DurableFileLayer();
  await new JournalFile({ ...journal(), version: 3 }, { files: disk }).save();
  const path = journalPath(journal());
  const refusal = { code: 'CHANGE_JOURNAL_INVALID' };
  await expect(loadJournal(disk, path)).rejects.toMatchObject(refusal);
  await writeDurably(disk, path, '{"version":1}');
  await expect(loadJournal(disk, path)).rejects.toMatchObject(refusal);
});
