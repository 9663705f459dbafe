import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fsPath } from '../base/raw-name.ts';
import { resolveOwner, setTreeOwner } from './tree-owner.ts';

const ownerOf = (path: string) => {
  const { uid, gid } = lstatSync(fsPath(path));
  return { uid, gid };
};

test.skipIf(!requireRoot())(
  'a restored folder belongs to the app, and nothing that its links lead to does',
  async () => {
    await using dir = await tempFolder();
    const outside = dir.join('outside');
    mkdirSync(outside);
    writeFileSync(`${outside}/root-only`, '');
    const root = dir.join('app');
    mkdirSync(`${root}/uploads/deep`, { recursive: true });
    for (const name of ['prod.db', 'uploads/-- odd', 'uploads/deep/latin1 \udcf6']) {
      writeFileSync(fsPath(`${root}/${name}`), '');
    }
    symlinkSync(outside, `${root}/to-folder`);
    symlinkSync(`${outside}/root-only`, `${root}/to-file`);
    linkSync(`${root}/prod.db`, `${root}/uploads/second-name`);
    const owner = { uid: 4242, gid: 4343 };
    expect(await setTreeOwner(root, owner)).toBe(8);
    for (const name of ['', 'uploads/deep', 'uploads/deep/latin1 \udcf6', 'to-folder', 'to-file']) {
      expect([name, ownerOf(`${root}/${name}`.replace(/\/$/, ''))]).toEqual([name, owner]);
    }
    expect(ownerOf(outside)).toEqual({ uid: 0, gid: 0 });
    expect(ownerOf(`${outside}/root-only`)).toEqual({ uid: 0, gid: 0 });
    const before = lstatSync(`${root}/prod.db`).ctimeMs;
    expect(await setTreeOwner(root, owner)).toBe(0);
    expect(lstatSync(`${root}/prod.db`).ctimeMs).toBe(before);
  },
);

test('an owner is a name or a number, with or without its group', () => {
  expect(resolveOwner('root')).toEqual({ uid: 0, gid: 0 });
  expect(resolveOwner('root:daemon')).toEqual({ uid: 0, gid: 1 });
  expect(resolveOwner('1234:root')).toEqual({ uid: 1234, gid: 0 });
  expect(resolveOwner('1234:5678')).toEqual({ uid: 1234, gid: 5678 });
  for (const unknown of ['keepsake-nobody', 'root:keepsake-nobody', '1234', '']) {
    expect(() => resolveOwner(unknown)).toThrowError(
      expect.objectContaining({ code: 'HOST_USER_UNKNOWN', details: { user: unknown } }),
    );
  }
});
