/** What a restore does about what stands in the target already. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkNode } from '../../test/support/tree-builder.ts';
import { setTimesNs } from '../host/libc.ts';
import { useRestoreLab } from '../../test/support/restore-lab.ts';

const lab = useRestoreLab();
const { at, file, folder, restore } = lab;

const mtimeNs = (path: string) => lstatSync(path, { bigint: true }).mtimeNs;

test('nothing is written through a link that stands in a folder’s place', async () => {
  const outside = join(lab.scratch, 'outside');
  mkdirSync(outside);
  mkdirSync(lab.target);
  symlinkSync(outside, at('uploads'));
  const { errors } = await restore([folder('uploads', [file('f', ['x'])])]);
  expect(errors).toEqual([]);
  expect(readdirSync(outside)).toEqual([]);
  expect(lstatSync(at('uploads')).isDirectory()).toBe(true);
  expect(readFileSync(at('uploads/f'), 'utf8')).toBe('x');
});

test('with overwrite never, such a link stays, and all below it is left out with one error', async () => {
  const outside = join(lab.scratch, 'outside');
  mkdirSync(outside);
  mkdirSync(lab.target);
  symlinkSync(outside, at('uploads'));
  const nodes = [folder('uploads', [file('f', ['x']), folder('g', [file('h', ['y'])])])];
  const { errors } = await restore(nodes, { overwrite: 'never' });
  expect(errors.map(({ error }) => error.code)).toEqual(['RESTORE_CONFLICT']);
  expect(readdirSync(outside)).toEqual([]);
  expect(readlinkSync(at('uploads'))).toBe(outside);
});

test('a link that stands in a file’s place is replaced, not followed', async () => {
  mkdirSync(lab.target);
  writeFileSync(join(lab.scratch, 'precious'), 'precious');
  symlinkSync('../precious', at('f'));
  await restore([file('f', ['new'])]);
  expect(readFileSync(join(lab.scratch, 'precious'), 'utf8')).toBe('precious');
  expect(lstatSync(at('f')).isFile()).toBe(true);
});

test('another name of an overwritten file keeps the old content', async () => {
  mkdirSync(lab.target);
  writeFileSync(join(lab.scratch, 'other-name'), 'old');
  linkSync(join(lab.scratch, 'other-name'), at('f'));
  await restore([file('f', ['new'])]);
  expect(readFileSync(join(lab.scratch, 'other-name'), 'utf8')).toBe('old');
  expect(readFileSync(at('f'), 'utf8')).toBe('new');
});

test('a folder that holds something is not replaced by a file; an empty one is', async () => {
  mkdirSync(at('full'), { recursive: true });
  mkdirSync(at('empty'));
  writeFileSync(at('full/keep'), 'keep');
  const { errors } = await restore([file('empty', ['a']), file('full', ['b'])]);
  expect(errors.map(({ path, error }) => [path, error.code])).toEqual([
    ['/full', 'RESTORE_CONFLICT'],
  ]);
  expect(readFileSync(at('full/keep'), 'utf8')).toBe('keep');
  expect(readFileSync(at('empty'), 'utf8')).toBe('a');
  expect(readdirSync(lab.target).toSorted()).toEqual(['empty', 'full']);
});

test('overwrite always finds a changed byte behind an equal size and time', async () => {
  const node = file('f', ['hello ', 'world']);
  await restore([node]);
  const time = mtimeNs(at('f'));
  writeFileSync(at('f'), 'hello w0rld');
  setTimesNs(at('f'), time, time);
  const { actions } = await restore([node]);
  expect(actions['/f']).toBe('updated');
  expect(readFileSync(at('f'), 'utf8')).toBe('hello world');
  expect((await restore([node])).actions['/f']).toBe('unchanged');
});

test('what is unchanged gets its metadata back without being read from the repository', async () => {
  const node = file('f', ['hello']);
  await restore([node]);
  chmodSync(at('f'), 0o600);
  const before = lab.store.loads;
  const { totals } = await restore([node]);
  expect(lab.store.loads - before).toBe(1); // the tree
  expect(statSync(at('f')).mode & 0o777).toBe(0o644);
  expect(totals).toMatchObject({ filesUnchanged: 1, bytesSkipped: 5, bytesRestored: 0 });
});

test('overwrite if-changed trusts size and time, and nothing less', async () => {
  const nodes = [file('other-time', ['hello']), file('same', ['hello'])];
  await restore(nodes);
  const time = mtimeNs(at('same'));
  for (const name of ['other-time', 'same']) writeFileSync(at(name), 'HELLO');
  setTimesNs(at('same'), time, time);
  const { actions } = await restore(nodes, { overwrite: 'if-changed' });
  expect(actions).toEqual({ '/other-time': 'updated', '/same': 'unchanged' });
  expect(readFileSync(at('same'), 'utf8')).toBe('HELLO');
  expect(readFileSync(at('other-time'), 'utf8')).toBe('hello');
});

test('overwrite never keeps what is there, its mode and time too, and adds what is not', async () => {
  mkdirSync(at('d'), { recursive: true, mode: 0o711 });
  writeFileSync(at('d/f'), 'mine');
  const nodes = [folder('d', [file('f', ['theirs']), file('g', ['new'])], { permissions: 0o755 })];
  const { actions, totals } = await restore(nodes, { overwrite: 'never' });
  expect(actions).toEqual({ '/d': 'skipped', '/d/f': 'skipped', '/d/g': 'restored' });
  expect(readFileSync(at('d/f'), 'utf8')).toBe('mine');
  expect(statSync(at('d')).mode & 0o777).toBe(0o711);
  expect(totals.filesSkipped).toBe(1);
});

test('a dry run tells what would be done and touches nothing', async () => {
  const nodes = [
    folder('d', [file('f', ['x']), folder('e', [linkNode('l', 'x')])]),
    file('same', ['y']),
  ];
  const first = await restore(nodes, { dryRun: true });
  expect(existsSync(lab.target)).toBe(false);
  expect(first.totals).toMatchObject({ filesRestored: 2, folders: 2, others: 1, errors: 0 });

  mkdirSync(lab.target);
  writeFileSync(at('same'), 'y');
  utimesSync(at('same'), 5, 5);
  const before = lstatSync(at('same'), { bigint: true });
  const second = await restore(nodes, { dryRun: true, verify: true });
  expect(second.actions['/same']).toBe('unchanged');
  expect(lstatSync(at('same'), { bigint: true })).toMatchObject({ ctimeNs: before.ctimeNs });
  expect(readdirSync(lab.target)).toEqual(['same']);
});
