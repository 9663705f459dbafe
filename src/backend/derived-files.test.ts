import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { systemError } from '../../test/support/durable-file-layer.ts';
import { interceptFileLayer, type Interceptor } from '../../test/support/intercepted-file-layer.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemRandom } from '../base/clock.ts';
import { DerivedFiles } from './derived-files.ts';
import { nodeFileLayer } from './file-layer.ts';

const NAME = 'ab'.repeat(32);
const OLD = Buffer.alloc(5000, 1);
const NEW = Buffer.alloc(5000, 2);

const isOld = (bytes: Uint8Array): boolean => OLD.equals(bytes);

async function openLab() {
  const dir = await tempFolder();
  onTestFinished(() => dir[Symbol.asyncDispose]());
  const open = (intercept: Interceptor = () => {}) =>
    new DerivedFiles({
      folder: dir.path,
      repositoryId: 'f0'.repeat(32),
      random: systemRandom,
      fileLayer: interceptFileLayer(nodeFileLayer, intercept),
    });
  const names = () =>
    readdirSync(dir.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes(NAME),
    );
  return { open, names };
}

test('what was written is read again, and gone when removed', async () => {
  const { open, names } = await openLab();
  await open().write(NAME, OLD);
  expect(await open().read(NAME)).toSatisfy(isOld);
  await open().remove(NAME);
  expect(await open().read(NAME)).toBeUndefined();
  expect(names()).toEqual([]);
});

test.each(['createFile', 'write', 'chmod', 'rename'] as const)(
  'where the disk is full at "%s", what stood there stays, and nothing beside it',
  async (call) => {
    const { open, names } = await openLab();
    await open().write(NAME, OLD);
    const full = open(({ name, path }) => {
      if (name === call) throw systemError('ENOSPC', path);
    });
    await full.write(NAME, NEW);
    expect(await open().read(NAME)).toSatisfy(isOld);
    expect(names()).toHaveLength(1);
  },
);

test('killed at any change, the old or the new is there, whole', async () => {
  for (let at = 1; ; at += 1) {
    const { open } = await openLab();
    await open().write(NAME, OLD);
    let left = at;
    const dead = open(({ mutating, path }) => {
      if (mutating && (left -= 1) <= 0) throw systemError('EIO', path); // and at each later one
    });
    await dead.write(NAME, NEW);
    const bytes = Buffer.from((await open().read(NAME)) ?? []);
    expect(bytes.equals(OLD) || bytes.equals(NEW), `change ${at}`).toBe(true);
    if (left > 0) break;
  }
});
