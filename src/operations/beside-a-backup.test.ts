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
import { fileNode, folderNode, treeOf } from '../../test/support/tree-builder.ts';
import { systemRandom } from '../base/clock.ts';
import { isNote } from '../repository/check-problem.ts';
import { check } from './check.ts';
import { diff } from './diff.ts';
import { ls } from './ls.ts';
import { repairIndex } from './repair-index.ts';
import { repairSnapshots } from './repair-snapshots.ts';
import type { Workbench } from './workbench.ts';

const LATER = '2026-01-02T00:00:00Z';
const repository = { location: 'lab:', password: PASSWORD };
const reading = { repository, lock: 'none', lockWaitMs: 0 } as const;
const repairing = { repository, lockWaitMs: 0, dryRun: true } as const;

/** What each command finds wrong. */
const findings: Record<string, (workbench: Workbench) => Promise<unknown[]>> = {
  check: async (workbench) => {
    const events = await Array.fromAsync(check(workbench, { ...reading, lock: 'shared' }));
    return events.filter((event) => event.type === 'problem' && !isNote(event.problem));
  },
  'check --read-data': async (workbench) => {
    const input = { ...reading, readData: { kind: 'all' } } as const;
    const events = await Array.fromAsync(check(workbench, input));
    return events.filter((event) => event.type === 'problem' && !isNote(event.problem));
  },
  'repair snapshots --dry-run': async (workbench) => {
    const input = { ...repairing, ids: [], forget: true };
    const events = await Array.fromAsync(repairSnapshots(workbench, input));
    return events.flatMap((event) =>
      event.type === 'plan' ? [...event.plan.repairs, ...event.plan.lost] : [],
    );
  },
  'repair index --dry-run': async (workbench) => {
    const events = await Array.fromAsync(repairIndex(workbench, { ...repairing, readData: true }));
    return events.flatMap((event) => {
      if (event.type !== 'plan') return [];
      const { removeIndexFiles, missingPacks, unusablePacks } = event.plan;
      return [...removeIndexFiles, ...missingPacks, ...unusablePacks];
    });
  },
  'ls latest': async (workbench) => {
    const input = { ...reading, wanted: 'latest', filter: {}, paths: [], recursive: false };
    const events = await Array.fromAsync(ls(workbench, input));
    return events.filter((event) => event.kind === 'problem');
  },
  'diff latest latest': async (workbench) => {
    const input = { ...reading, before: 'latest', after: 'latest', metadata: false };
    const events = await Array.fromAsync(diff(workbench, input));
    return events.filter((event) => event.kind === 'problem');
  },
};

/** A repository with a snapshot, to which a backup adds another as soon as `kind` was listed. */
async function openBusyWorkbench(kind: 'snapshot' | 'index' | 'pack') {
  const { backend, open } = await createLab();
  const add = async (text: string, time?: string): Promise<void> => {
    const store = new MemoryBlobStore();
    const tree = treeOf(store, [folderNode(store, 'app', [fileNode(store, 'file', [text])])]);
    await storeSnapshot(
      await open(),
      { store, tree },
      time === undefined ? {} : { fields: { time } },
    );
    count += 1;
  };
  let count = 0;
  await add('earlier');
  const busy = new BusyBackend(backend, () => add('later', LATER), kind);
  const workbench: Workbench = {
    clock: new FakeClock(),
    random: systemRandom,
    self: selfFacts,
    keepsakeVersion: '0.0.0-test',
    openBackend: () => busy,
    scratchFolder: '/nowhere',
    warn: () => {},
  };
  return { workbench, added: () => count };
}

test.each(Object.keys(findings))(
  '%s finds nothing wrong while a backup beside it finishes, at whatever moment',
  async (command) => {
    let meetings = 0;
    for (const kind of ['snapshot', 'index', 'pack'] as const) {
      const { workbench, added } = await openBusyWorkbench(kind);
      expect(await findings[command]?.(workbench)).toEqual([]);
      meetings += added() - 1;
    }
    expect(meetings).toBeGreaterThanOrEqual(2);
  },
);
