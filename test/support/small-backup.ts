/** Backups of a very small app, and what a test looks at of them. */
import type { MemBackend } from '../../src/backend/mem-backend.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import { isComplete } from '../../src/operations/choose-snapshot.ts';
import { openBackupLab, readSnapshotFiles, type BackupLab } from './backup-lab.ts';

export function openSmallLab(backend?: MemBackend): Promise<BackupLab> {
  return openBackupLab({ app: { items: 8, users: 3 }, ...(backend && { backend }) });
}

export async function stored(lab: BackupLab, { snapshotId = '' }: BackupResult) {
  const repository = await lab.open();
  const snapshot = await repository.loadSnapshot(snapshotId);
  const files = await readSnapshotFiles(repository, { ...snapshot, folder: lab.app.root });
  return { snapshot, files, complete: isComplete({ id: '', snapshot }) };
}

export function codesOf({ problems }: BackupResult): unknown[] {
  return problems.map(({ kind, error }) => [kind, (error as { code?: string }).code]);
}
