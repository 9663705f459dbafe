/** What a snapshot with damage costs, and what `verify` finds. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { linkNode, makeNode } from '../../test/support/tree-builder.ts';
import { useRestoreLab } from '../../test/support/restore-lab.ts';

const lab = useRestoreLab();
const { at, file, folder, restore } = lab;

test.each(['..', '.', 'a/b', ''])('a tree with an entry called "%s" is refused', async (name) => {
  const text = JSON.stringify({ nodes: [{ ...jsonFile(), name }] });
  const hostile = lab.store.saveBlob('tree', Buffer.from(`${text}\n`));
  const bad = makeNode('bad', 0o040000, { subtree: hostile });
  const { errors } = await restore([bad, file('good', ['x'])]);
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_TREE_DAMAGED']);
  expect(readdirSync(lab.scratch)).toEqual(['target']);
  expect(readdirSync(at('bad'))).toEqual([]);
  expect(readFileSync(at('good'), 'utf8')).toBe('x');
});

function jsonFile() {
  const time = '2024-05-06T07:08:09Z';
  return {
    type: 'file',
    mode: 420,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    content: [],
  };
}

test('an unreadable blob costs its file alone, and the old one stays whole', async () => {
  mkdirSync(lab.target);
  writeFileSync(at('hurt'), 'old');
  const hurt = file('hurt', ['first chunk', 'second chunk']);
  const lost = hurt.content?.[1] ?? '';
  lab.store.removeBlob('data', lost);
  const { errors, totals } = await restore([file('fine', ['x']), hurt, file('later', ['y'])]);
  expect(errors.map(({ error }) => error.details)).toMatchObject([{ path: '/hurt', blobId: lost }]);
  expect(readFileSync(at('hurt'), 'utf8')).toBe('old');
  expect(readdirSync(lab.target).toSorted()).toEqual(['fine', 'hurt', 'later']);
  expect(totals).toMatchObject({ filesRestored: 2, errors: 1 });
});

test('a file whose list of pieces is missing is not restored as an empty one', async () => {
  const { errors } = await restore([file('f', [], { content: null, size: 4 })]);
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_CONTENT_UNLISTED']);
  expect(readdirSync(lab.target)).toEqual([]);
});

test('a dry run tells of sizes and of lost pieces, too', async () => {
  const lost = file('lost', ['gone']);
  lab.store.removeBlob('data', lost.content?.[0] ?? '');
  const nodes = [file('f', ['12345'], { size: 4 }), lost];
  const { errors, totals } = await restore(nodes, { dryRun: true });
  expect(errors.map(({ error }) => error.code)).toEqual(['SNAPSHOT_BLOB_UNREADABLE']);
  expect(totals).toMatchObject({ warnings: 1, errors: 1 });
});

test('a lost tree costs its folder alone', async () => {
  const lost = folder('lost', [file('f', ['x'])]);
  lab.store.removeBlob('tree', lost.subtree ?? '');
  const { errors } = await restore([lost, folder('ok', [file('g', ['y'])])]);
  expect(errors.map(({ path }) => path)).toEqual(['/lost']);
  expect(readFileSync(at('ok/g'), 'utf8')).toBe('y');
});

test('verify counts every file it read again', async () => {
  const nodes = [file('a', ['x', 'y']), folder('d', [file('b', []), linkNode('l', 'x')])];
  const { totals, errors } = await restore(nodes, { verify: true, durable: true });
  expect(errors).toEqual([]);
  expect(totals.filesVerified).toBe(2);
});

test('verify does not name again what was reported, nor what was kept on purpose', async () => {
  mkdirSync(lab.target);
  writeFileSync(at('kept'), 'mine');
  const hurt = file('hurt', ['lost']);
  lab.store.removeBlob('data', hurt.content?.[0] ?? '');
  const { totals, errors } = await restore([hurt, file('kept', ['theirs']), file('ok', ['x'])], {
    verify: true,
    overwrite: 'never',
  });
  expect(errors.map(({ path }) => path)).toEqual(['/hurt']);
  expect(totals.filesVerified).toBe(1);
});
