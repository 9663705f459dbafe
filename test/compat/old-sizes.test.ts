/**
 * Files whose tree says another size than their pieces have, as very old restic wrote them when a
 * file changed between its stat and its reading (restic's issue 1887). Both tools go by the pieces.
 */
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { storeSnapshot } from '../support/repository-lab.ts';
import { requireTool } from '../support/require-tool.ts';
import { runProgramOk } from '../support/run-program.ts';
import { fileNode, folderNode, treeOf } from '../support/tree-builder.ts';

const MANY = Array.from({ length: 40 }, (_, n) => `piece ${n}\n`);
/** What each file says it has, and the pieces it is made of. */
const FILES: Record<string, { size: number; pieces: readonly string[] }> = {
  'has less': { size: 1000, pieces: ['abc', 'def'] },
  'has many': { size: 17, pieces: MANY },
  'has more': { size: 2, pieces: ['first', 'second'] },
  'has none': { size: 4096, pieces: [] },
};
const NAMES = Object.keys(FILES);

const contentOf = (name: string): string => FILES[name]?.pieces.join('') ?? '';

describe.skipIf(!requireTool('restic'))('a file whose tree says another size', () => {
  let lab: CompatLab;
  let id: string;

  beforeAll(async () => {
    lab = await openCompatLab();
    const store = new MemoryBlobStore();
    const nodes = Object.entries(FILES).map(([name, { pieces, size }]) =>
      fileNode(store, name, pieces, { size }),
    );
    const tree = treeOf(store, [
      folderNode(store, 'app', [...nodes, fileNode(store, 'ok', ['1'])]),
    ]);
    id = await storeSnapshot(await lab.initQuickly(), { store, tree });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  function expectPieces(folder: string, names = NAMES): void {
    for (const name of names) {
      expect(readFileSync(lab.join(folder, 'app', name), 'utf8')).toBe(contentOf(name));
    }
  }

  test('is no error for either check', async () => {
    await lab.checkWithBoth();
  });

  test('is restored piece by piece by both, and Keepsake says so and verifies it', async () => {
    // restic 0.14 fails at a file that says it has bytes and has no pieces.
    await lab.restic(['restore', id, '--target', lab.join('theirs'), '--exclude', 'has none']);
    expectPieces('theirs', ['has many', 'has more']);
    // It makes the file as large as is noted before it writes the pieces; its dump does not.
    const padded = contentOf('has less').padEnd(1000, '\0');
    expect(readFileSync(lab.join('theirs/app/has less'), 'utf8')).toBe(padded);
    const restore = ['restore', id, '--target', lab.join('ours'), '--verify'];
    const { stderr, stdout } = await lab.keepsake(restore);
    expectPieces('ours');
    for (const name of NAMES)
      expect(stderr).toContain(`warning: /app/${name}: its folder's list says`);
    expect(stderr).not.toContain('/app/ok');
    expect(stdout).toContain('verified: 5 files read again');
    for (const overwrite of ['always', 'if-changed']) {
      const again = await lab.keepsake(['-v', ...restore, '--overwrite', overwrite]);
      for (const name of NAMES) expect(again.stdout).toContain(`unchanged /app/${name}\n`);
    }
  });

  test('is restored anew over a file of the size that is noted, whatever its time', async () => {
    const target = lab.join('changed');
    await lab.keepsake(['restore', id, '--target', target]);
    const path = lab.join('changed/app/has less');
    const { atime, mtime } = statSync(path);
    writeFileSync(path, contentOf('has less').padEnd(1000, '\0'));
    utimesSync(path, atime, mtime);
    await lab.keepsake(['restore', id, '--target', target, '--overwrite', 'if-changed']);
    expectPieces('changed');
  });

  test('is dumped with its pieces, in an archive too', async () => {
    const archive = lab.join('app.tar');
    const { stderr } = await lab.keepsake(['dump', id, '/app', '--target', archive]);
    expect(stderr).toContain('/app/has more');
    await runProgramOk(['mkdir', lab.join('untarred')]);
    await runProgramOk(['tar', '-xf', archive, '-C', lab.join('untarred')]);
    expectPieces('untarred');
    for (const name of NAMES) {
      const theirs = await lab.restic(['dump', id, `/app/${name}`]);
      const ours = await lab.keepsake(['dump', id, `/app/${name}`]);
      expect(ours.stdout).toBe(theirs.stdout);
      expect(ours.stderr).toContain(`warning: /app/${name}: its folder's list says`);
    }
  });

  test('makes a snapshot that verify finds as it should be', async () => {
    const { stderr } = await lab.keepsake(['verify', id]);
    expect(stderr).toContain(`warning: /app/has many: its folder's list says 17 bytes`);
  });

  test('gets its size by repair, in a snapshot that counts as whole', async () => {
    const { stdout } = await lab.keepsake(['repair', 'snapshots']);
    expect(stdout).toContain('gets the right size of:');
    expect(stdout).not.toContain('lacks');
    const repaired = (await lab.snapshots()).find((snapshot) => snapshot.id !== id);
    expect(repaired?.tags).toEqual(['repaired']);
    const listed = await lab.keepsake(['--json', 'ls', repaired?.id ?? '']);
    const sizes = Object.fromEntries(
      listed.jsonLines().map((line) => [line['name'], line['size']]),
    );
    for (const name of NAMES) expect(sizes[name] ?? 0).toBe(contentOf(name).length);
    const { stdout: checked } = await lab.keepsake(['check', '--json']);
    expect(checked).toContain('size-mismatch'); // of the old snapshot
    await lab.keepsake(['repair', 'snapshots', '--forget']);
    expect((await lab.keepsake(['check', '--json'])).stdout).not.toContain('size-mismatch');
    const { stderr } = await lab.keepsake(['restore', 'latest', '--target', lab.join('mended')]);
    expect(stderr).toBe('');
    expectPieces('mended');
    await lab.checkWithBoth();
  });
});
