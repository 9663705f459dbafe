import { expect, test } from 'vitest';
import { utf8Encode } from '../../base/bytes.ts';
import { decodeEvidence, encodeEvidence, type DrillEvidence } from './drill-evidence.ts';

const evidence: DrillEvidence = {
  version: 1,
  id: 'a1b2c3d4',
  app: 'wishlist',
  outcome: 'proven',
  snapshot: 'ab'.repeat(32),
  snapshotTime: '2026-11-24T08:00:00Z',
  startedAt: '2026-11-24T09:00:00Z',
  endedAt: '2026-11-24T09:00:09Z',
  hostname: 'nas',
  keepsakeVersion: '0.1.0',
  restoredWith: 'keepsake',
  program: 'keepsake 0.1.0',
  checks: [],
  fileCount: 3,
  sizeBytes: 3000,
  seconds: { restore: 1, verify: 0.5, start: 2 },
};

test('evidence is read as it was written', () => {
  expect(decodeEvidence(encodeEvidence(evidence))).toEqual(evidence);
});

test('evidence that is not understood proves nothing', () => {
  const later = { ...evidence, version: 2 };
  const { outcome: _, ...without } = evidence;
  for (const text of ['', '{', '[]', JSON.stringify(later), JSON.stringify(without)]) {
    expect(decodeEvidence(utf8Encode(text))).toBeUndefined();
  }
});
