/** `drill`, cut off at changes of the store. Killed processes: `test/e2e/drill.test.ts`. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import type { ResolvedApp } from '../../src/config/resolve-app.ts';
import { drill } from '../../src/operations/drill/drill.ts';
import type { DrillResult } from '../../src/operations/drill/drill-input.ts';
import { latestProof } from '../../src/operations/drill/proof-snapshot.ts';
import { findErrors, openBackupLab, type BackupLab } from '../support/backup-lab.ts';
import { tellDeaths } from '../support/crash-steps.ts';
import { FaultyBackend } from '../support/faulty-backend.ts';
import { printFolder } from '../support/folder-print.ts';
import { PASSWORD, selfFacts } from '../support/repository-lab.ts';

/** Without a copy of the app, which writes nothing into the store. */
async function drillOn(lab: BackupLab, backend: Backend): Promise<DrillResult> {
  const events = drill(lab.workbench(backend), {
    repository: { location: 'lab:', password: PASSWORD },
    lock: 'shared',
    lockWaitMs: 0,
    wanted: 'latest',
    filter: {},
    app: { name: 'wishlist', root: lab.app.root, paths: [lab.app.root] } as unknown as ResolvedApp,
    hostname: 'nas',
    restoreWith: 'keepsake',
    passwordFile: '',
    allowNetwork: false,
    environment: {},
  });
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
  }
}

test('a drill that dies at its n-th change of the store, for each n, leaves it clean, with the proof or without', async () => {
  const store = createMemBackend();
  await using lab = await openBackupLab({
    app: { items: 4, users: 2, noteWords: 4 },
    backend: store,
  });
  // Without a database, which would be looked at in a process of its own each time.
  const files = { paths: [lab.app.uploads], databases: [], references: [] };
  const { snapshotId } = await lab.backup({ subject: files });
  const live = await printFolder(lab.app.uploads);
  let proofs = 0;
  let deaths = 0;
  for (;;) {
    const survivor: MemBackend = store.clone();
    const dying = new FaultyBackend(survivor);
    // Before a change or just after it, in turns.
    dying.failAtOperation(Math.floor(deaths / 2) + 1, { carriedOut: deaths % 2 === 1 });
    lab.self = { ...selfFacts, pid: 100 };
    const outcome = await drillOn(lab, dying).catch(() => undefined);
    expect(await findErrors(await lab.repositoryLab.open(survivor))).toEqual([]);
    const repository = await lab.open(survivor);
    const snapshots = await repository.loadSnapshots({
      onDamage: (error) => expect.fail(error.message),
    });
    const proof = await latestProof(repository, 'wishlist');
    expect(snapshots.map(({ id }) => id)).toContain(snapshotId);
    expect(snapshots).toHaveLength(proof === undefined ? 1 : 2);
    if (proof !== undefined) proofs += 1;
    expect(readdirSync(lab.scratch)).toEqual([]);
    if (outcome?.proofFailure === undefined && !dying.isDead) break;
    deaths += 1;
  }
  tellDeaths('drill', deaths);
  expect(deaths).toBeGreaterThanOrEqual(2 * 6); // lock, packs, index, snapshot, lock
  expect(proofs).toBeGreaterThanOrEqual(4); // the snapshot's second, the lock's two, the last one
  expect(await printFolder(lab.app.uploads)).toEqual(live);
});
