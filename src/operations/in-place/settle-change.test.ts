import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGuardLab } from '../../../test/support/guard-lab.ts';
import { findNode } from '../../snapshot/find-node.ts';
import { openSnapshot } from '../open-snapshot.ts';

test('what the old state held when the app was stopped is in the repository, also what a link in the code leads to', async () => {
  await using lab = await openGuardLab();
  const [pictures, link] = [lab.in('elsewhere', 'pictures'), lab.in('code', 'uploads')];
  mkdirSync(lab.in('elsewhere'));
  renameSync(lab.backup.app.uploads, pictures);
  symlinkSync(pictures, link);
  const app = lab.app({ paths: [lab.in('data'), link], references: [] });
  const pieces = [
    () => rmSync(join(pictures, 'kept.webp')),
    () => writeFileSync(join(pictures, 'new.webp'), 'came with the update'),
  ];
  const { journal } = await lab.guard({ app, pieces, unreachable: false });
  expect(journal.finalPoint).toMatchObject({ kind: 'snapshot' });
  const wanted = journal.finalPoint?.kind === 'snapshot' ? journal.finalPoint.id : '';
  const { repository: place } = lab.backupInput(app);
  const reading = { repository: place, lock: 'none', lockWaitMs: 0, filter: {} } as const;
  await using open = await openSnapshot(lab.workbench(), { ...reading, wanted });
  const { repository, treeId: rootTreeId } = open;
  const find = (name: string) => findNode(repository, { rootTreeId, path: join(link, name) }, {});
  expect(await find('kept.webp')).toMatchObject({ type: 'file' });
  expect(await find('new.webp')).toBeUndefined();
});
