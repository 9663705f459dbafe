import { expect, test } from 'vitest';
import type { Manifest } from '../snapshot/manifest.ts';
import { BackupProgress } from './backup-progress.ts';

const manifest: Manifest = {
  version: 1,
  keepsakeVersion: '0',
  hostname: 'nas',
  captureStart: '2026-11-22T10:00:00.000Z',
  captureEnd: '2026-11-22T10:00:01.000Z',
  databases: [],
  files: [{ path: '/srv/app', fileCount: 1000, sizeBytes: 10 << 20 }],
  references: [],
  orphans: [],
};

const half = {
  type: 'progress',
  phase: 'files',
  elapsedMs: 4000,
  filesDone: 500,
  bytesDone: 5 << 20,
  bytesRead: 1 << 20,
  storedBytes: 300,
} as const;

test('with a snapshot to compare with, share and time left are told', () => {
  const progress = new BackupProgress();
  progress.expect(manifest);
  expect(progress.line(half)).toBe(
    'files: 50 %, 500 files, 5.0 MiB seen, 1.0 MiB read, 300 B stored, about 4.0 s left',
  );
  expect(progress.message(half)).toMatchObject({
    message_type: 'status',
    percent_done: 0.5,
    total_files: 1000,
    seconds_remaining: 4,
  });
});

test('an app that has grown is never told to be done, and the first moment guesses nothing', () => {
  const progress = new BackupProgress();
  progress.expect(manifest);
  const grown = { ...half, filesDone: 3000, bytesDone: 90 << 20 };
  expect(progress.message(grown)).toMatchObject({ percent_done: 0.99 });
  expect(progress.line({ ...half, filesDone: 1, bytesDone: 10 })).not.toContain('left');
});

test('the first backup and the later phases tell only what they did', () => {
  const progress = new BackupProgress();
  expect(progress.line(half)).toBe('files: 500 files, 5.0 MiB seen, 1.0 MiB read, 300 B stored');
  progress.expect(manifest);
  expect(progress.line({ ...half, phase: 'databases' })).not.toContain('%');
  expect(progress.message({ ...half, phase: 'changes' })).not.toHaveProperty('percent_done');
});
