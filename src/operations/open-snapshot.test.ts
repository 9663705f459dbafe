import { expect, test } from 'vitest';
import { BusyBackend } from '../../test/support/busy-backend.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import {
  createLab,
  PASSWORD,
  selfFacts,
  storeSnapshot,
} from '../../test/support/repository-lab.ts';
import { fileNode, treeOf } from '../../test/support/tree-builder.ts';
import { systemRandom } from '../base/clock.ts';
import { openSnapshot } from './open-snapshot.ts';

test('the latest snapshot can be read although a backup beside us adds a later one', async () => {
  const { backend, open } = await createLab();
  const store = new MemoryBlobStore();
  const addSnapshot = async (text: string, time: string): Promise<string> => {
    const tree = treeOf(store, [fileNode(store, 'file', [text])]);
    return storeSnapshot(await open(), { store, tree }, { fields: { time } });
  };
  await addSnapshot('earlier', '2026-01-01T00:00:00Z');
  const busy = new BusyBackend(backend, () => addSnapshot('later', '2026-01-02T00:00:00Z'));
  const workbench = {
    clock: new FakeClock(),
    random: systemRandom,
    self: selfFacts,
    keepsakeVersion: '0.0.0-test',
    openBackend: () => busy,
    scratchFolder: '/nowhere',
    warn: () => {},
  };
  await using chosen = await openSnapshot(workbench, {
    repository: { location: 'lab:', password: PASSWORD },
    lock: 'none',
    lockWaitMs: 0,
    wanted: 'latest',
    filter: {},
  });
  await expect(chosen.repository.loadBlob('tree', chosen.treeId)).resolves.toBeDefined();
});
