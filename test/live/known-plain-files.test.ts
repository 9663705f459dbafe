/** Which of the unchanged files a backup looks into, to find databases. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { hasDatabaseMagic } from '../../src/source/sqlite-files.ts';
import { hastyClock, openBackupLab, type BackupLab } from '../support/backup-lab.ts';

vi.mock('../../src/source/sqlite-files.ts', { spy: true });

beforeEach(() => {
  vi.mocked(hasDatabaseMagic).mockClear();
});

const withoutConfig = { app: undefined, databases: [], references: [] };

/** What was written less than 50 ms ago is looked into again. */
async function openRestedLab(fill?: (lab: BackupLab) => void): Promise<BackupLab> {
  const lab = await openBackupLab({ app: { items: 8, users: 3 } });
  fill?.(lab);
  await hastyClock.sleep(60);
  return lab;
}

test('of the files that did not change only databases are looked into again', async () => {
  await using lab = await openRestedLab();
  await lab.backup({ subject: withoutConfig });
  vi.mocked(hasDatabaseMagic).mockClear();
  const { counts } = await lab.backup({ subject: withoutConfig });
  const looked = new Set(vi.mocked(hasDatabaseMagic).mock.calls.map(([path]) => path));
  expect(counts.filesUnmodified).toBeGreaterThan(looked.size);
  expect([...looked]).toEqual([lab.app.database]);
});

test('what begins as a database and could not be captured is looked into by every backup', async () => {
  const name = 'prod.db.corrupted';
  await using lab = await openRestedLab(({ app }) => {
    const bytes = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 9)]);
    writeFileSync(join(app.root, 'data', name), bytes);
  });
  for (let backup = 1; backup <= 3; backup += 1) {
    const { problems } = await lab.backup({ subject: withoutConfig });
    expect(problems).toMatchObject([{ path: join(lab.app.root, 'data', name), kind: 'plain' }]);
  }
});
