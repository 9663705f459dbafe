/** Restores in place of an app that lies on several file systems. */
import { cpSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { findKnown } from '../../src/operations/in-place/known-changes.ts';
import { crashCalls, tellDeaths } from '../support/crash-steps.ts';
import { Life, openInPlaceLab, type AppTree, type InPlaceLab } from '../support/in-place-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { smallDisk } from '../support/small-disk.ts';

interface Lab {
  readonly lab: InPlaceLab;
  readonly snapshot: string;
  readonly before: AppTree;
  readonly after: AppTree;
}

/** What a restore makes of it on one file system. */
async function openLab(): Promise<Lab> {
  const { lab, snapshot } = await openInPlaceLab();
  const before = lab.tree();
  const reset = lab.freeze();
  await lab.restore(snapshot, { unreachable: true });
  const after = lab.tree();
  reset();
  return { lab, snapshot, before, after };
}

/** Disks at these folders, outer ones first, with what was in them. */
async function mountAt(folders: readonly string[], copy: string): Promise<AsyncDisposable> {
  await using disks = new AsyncDisposableStack();
  const [outer = ''] = folders;
  cpSync(outer, copy, { recursive: true, preserveTimestamps: true });
  for (const folder of folders) disks.use(await smallDisk(folder, '8m'));
  cpSync(copy, outer, { recursive: true, preserveTimestamps: true });
  rmSync(copy, { recursive: true });
  return disks.move();
}

/** After a death. */
async function goBack(lab: InPlaceLab, after: AppTree): Promise<void> {
  const { unfinished } = await findKnown(lab.machine(), lab.app().paths);
  if (unfinished.length > 0) await lab.end('undo', { unreachable: true });
  // It died when all was done but the tidying.
  else if (isDeepStrictEqual(lab.tree(), after)) await lab.rollBack({ unreachable: true });
}

async function expectThereAndBack({ lab, snapshot, before, after }: Lab): Promise<void> {
  await lab.restore(snapshot, { unreachable: true });
  expect(lab.tree()).toEqual(after);
  await lab.rollBack({ unreachable: true });
  expect(lab.tree()).toEqual(before);
  let deaths = 0;
  for (const n of crashCalls([30, 60, 90])) {
    const life = new Life(n);
    await lab.restore(snapshot, { unreachable: true, life }).catch(() => {}); // dead
    if (!life.isOver) break;
    deaths += 1;
    await goBack(lab, after);
    expect(lab.tree()).toEqual(before);
  }
  tellDeaths('restore in place, disks mounted', deaths);
  expect(deaths).toBeGreaterThanOrEqual(3);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
}

test.skipIf(!requireRoot())(
  'data, uploads and the rest may each lie on a file system of their own',
  async () => {
    const parts = await openLab();
    await using lab = parts.lab;
    const { root } = lab;
    const folders = [root, join(root, 'data'), join(root, 'uploads')];
    await using _disks = await mountAt(folders, lab.backup.join('copy'));
    await expectThereAndBack(parts);
  },
);

test.skipIf(!requireRoot())(
  'a folder that is a link to another file system is replaced where it leads to',
  async () => {
    const parts = await openLab();
    await using lab = parts.lab;
    const [uploads, other] = [join(lab.root, 'uploads'), lab.backup.join('other')];
    await using _disk = await smallDisk(other, '8m');
    cpSync(uploads, join(other, 'pictures'), { recursive: true, preserveTimestamps: true });
    renameSync(uploads, lab.backup.join('before'));
    symlinkSync(join(other, 'pictures'), uploads);
    const pictures = () => readdirSync(join(other, 'pictures')).sort();
    const stored = (tree: AppTree) =>
      Object.keys(tree)
        .flatMap((path) => /^uploads\/(.*)/.exec(path)?.[1] ?? [])
        .sort();
    await lab.restore(parts.snapshot, { unreachable: true });
    expect(pictures()).toEqual(stored(parts.after));
    expect(readlinkSync(uploads)).toBe(join(other, 'pictures'));
    await lab.rollBack({ unreachable: true });
    expect(pictures()).toEqual(stored(parts.before));
    // A backup through the link.
    const through = await lab.backUp();
    rmSync(join(other, 'pictures', 'since.webp'));
    await lab.restore(through, { unreachable: true });
    expect(pictures()).toEqual(stored(parts.before));
    expect(readlinkSync(uploads)).toBe(join(other, 'pictures'));
  },
);
