/** What stands in the target while a restore goes on, and after one that ended early. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { treeOf } from '../../test/support/tree-builder.ts';
import type { BlobType } from './blob-reader.ts';
import { restoreSnapshot } from './restore.ts';
import { useRestoreLab } from '../../test/support/restore-lab.ts';

const lab = useRestoreLab();
const { at, file, folder, restore } = lab;
const isRoot = process.getuid?.() === 0;

test('an abort rejects with its reason and leaves whole files and no temporary name', async () => {
  const nodes = Array.from({ length: 40 }, (_, i) => file(`f${i}`, [`one ${i}`, `two ${i}`]));
  const stop = new AbortController();
  const reason = new Error('Ctrl-C');
  const reader = {
    loadBlob(type: BlobType, id: string) {
      if (lab.store.loads === 30) stop.abort(reason);
      return lab.store.loadBlob(type, id, { signal: stop.signal });
    },
  };
  await expect(restore(nodes, { reader, signal: stop.signal })).rejects.toBe(reason);
  for (const name of readdirSync(lab.target)) {
    expect(readFileSync(at(name), 'utf8')).toBe(`one ${name.slice(1)}two ${name.slice(1)}`);
  }
  expect(readdirSync(lab.target).length).toBeLessThan(40);
});

test('at every moment each name stands for a whole file, old or new', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `f${i}`);
  mkdirSync(lab.target);
  for (const name of names) writeFileSync(at(name), 'old');
  const nodes = names.map((name) => file(name, ['new ', 'in ', 'pieces', name]));
  const seen = new Set<string>();
  const reader = {
    loadBlob(type: BlobType, id: string) {
      for (const name of names) {
        seen.add(readFileSync(at(name), 'utf8').replace(name, ''));
      }
      return lab.store.loadBlob(type, id);
    },
  };
  await restore(nodes, { reader });
  expect([...seen].toSorted()).toEqual(['new in pieces', 'old']);
});

test.runIf(isRoot)(
  'a full disk ends the restore, and every name stands for a whole file',
  async ({ skip }) => {
    mkdirSync(lab.target);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', lab.target]);
    if (mount.status !== 0) skip('no right to mount here');
    try {
      const bytes = new Uint8Array(100_000).fill(1);
      const nodes = Array.from({ length: 9 }, (_, i) => file(`f${i}`, [bytes, `${i}`]));
      await expect(restore(nodes)).rejects.toMatchObject({ code: 'RESTORE_DISK_FULL' });
      const found = readdirSync(lab.target);
      expect(found.length).toBeGreaterThan(0);
      for (const name of found) {
        expect(name).toMatch(/^f\d$/);
        expect(statSync(at(name)).size).toBe(100_001);
      }
    } finally {
      execFileSync('umount', ['--lazy', lab.target]);
    }
  },
);

test('leaving the events early stops the work', async () => {
  const treeId = treeOf(
    lab.store,
    Array.from({ length: 2000 }, (_, i) => file(`f${i}`, [`${i}`])),
  );
  for await (const event of restoreSnapshot({ reader: lab.store, treeId, target: lab.target })) {
    if (event.kind === 'item') break;
  }
  const count = readdirSync(lab.target).length;
  expect(count).toBeLessThan(2000);
  expect(readdirSync(lab.target).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('what a killed restore left behind goes with the next one', async () => {
  mkdirSync(at('d'), { recursive: true });
  const leftover = '.keepsake-restore-0123456789abcdef.tmp';
  writeFileSync(at(`d/${leftover}`), 'half');
  writeFileSync(at(`d/${leftover}.mine`), 'not ours');
  await restore([folder('d', [file('f', ['x'])])]);
  expect(readdirSync(at('d')).toSorted()).toEqual([`${leftover}.mine`, 'f']);
});
