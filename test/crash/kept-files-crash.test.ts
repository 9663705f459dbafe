/** A backup removes the old files that a change kept, and dies: a rollback brings back all or nothing. */
import { expect, test } from 'vitest';
import { keptFiles } from '../support/app-tree.ts';
import { tellDeaths } from '../support/crash-steps.ts';
import { openInPlaceLab } from '../support/in-place-lab.ts';
import { MortalFiles } from '../support/mortal-files.ts';

test('old files of which a backup that died removed some are no way back: the restore point is, whole', async () => {
  const { lab, snapshot } = await openInPlaceLab();
  await using _lab = lab;
  const before = lab.tree();
  await lab.restore(snapshot);
  const reset = lab.freeze();
  await lab.dropKeptFiles();
  await lab.rollBack({ unreachable: true });
  const fromPoint = lab.tree();
  let deaths = 0;
  for (;;) {
    reset();
    let isReached: boolean;
    {
      // In the middle of what removes a folder, and just after every other call.
      using files = new MortalFiles(lab.root, { at: deaths + 1, moment: 'half' });
      await lab.dropKeptFiles().catch(() => {}); // dead
      isReached = files.reached;
    }
    const back = lab.freeze();
    await lab.rollBack({ unreachable: true });
    expect([before, fromPoint], `at its change no. ${deaths + 1}`).toContainEqual(lab.tree());
    back();
    await lab.dropKeptFiles();
    expect(keptFiles(lab.root)).toEqual([]);
    if (!isReached) break;
    deaths += 1;
  }
  tellDeaths('removal of old files', deaths);
  expect(deaths).toBeGreaterThan(3); // their name, they themselves, the journal, the place
});
