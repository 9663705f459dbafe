/** Restores in place of an app that lies on several file systems. */
import { cpSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { AppTree } from '../support/app-tree.ts';
import { crashCalls, tellDeaths } from '../support/crash-steps.ts';
import type { InPlaceLab } from '../support/in-place-lab.ts';
import { Life } from '../support/life.ts';
import { openRestoredLab, type RestoredLab } from '../support/restored-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { smallDisk } from '../support/small-disk.ts';

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
  if ((await lab.unfinished()).length > 0) await lab.end('undo', { unreachable: true });
  // It died when all was done but the tidying.
  else if (isDeepStrictEqual(lab.tree(), after)) await lab.rollBack({ unreachable: true });
}

async function expectThereAndBack({ lab, snapshot, before, after }: RestoredLab): Promise<void> {
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
    const parts = await openRestoredLab();
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
    const parts = await openRestoredLab();
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
