/** Where `verify` restores to: a scratch folder that is removed, or a folder that is kept. */
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { freeSpace } from '../host/file-system.ts';
import { assertSpace } from './assert-space.ts';
import { withScratchFolder } from './scratch-folder.ts';
import type { Workbench } from './workbench.ts';

/** For the file system's own needs. */
const SPARE_BYTES = 1 << 20;

export interface VerifyPlace extends AsyncDisposable {
  readonly path: string;
}

/** Throws `VERIFY_NO_SPACE`, `VERIFY_KEEP_NOT_EMPTY`, `SCRATCH_UNUSABLE`. */
export async function openVerifyPlace(
  workbench: Pick<Workbench, 'scratchFolder' | 'self' | 'clock'>,
  { keep, sizeBytes }: { keep: string | undefined; sizeBytes: number },
): Promise<VerifyPlace> {
  if (keep !== undefined) {
    await assertEmpty(keep);
    await assertRoom(keep, sizeBytes);
    return { path: keep, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await withScratchFolder(workbench));
  await assertRoom(scratch.path, sizeBytes);
  const path = join(scratch.path, 'restored');
  stack.defer(() => makeRemovable(path));
  const held = stack.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function assertEmpty(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await readdir(folder)).length === 0) return;
  } catch {
    // A file in its place, or nothing this user may use: told below.
  }
  throw new KeepsakeError('VERIFY_KEEP_NOT_EMPTY', { folder });
}

async function assertRoom(path: string, sizeBytes: number): Promise<void> {
  const neededBytes = sizeBytes + SPARE_BYTES;
  assertSpace([{ path, neededBytes, freeBytes: await freeSpace(path) }], 'VERIFY_NO_SPACE');
}

/** A restored folder may forbid its owner to remove what is in it. */
async function makeRemovable(folder: string): Promise<void> {
  if (process.geteuid?.() === 0) return;
  try {
    await chmod(folder, 0o700);
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      if (entry.isDirectory()) await chmodBelow(Buffer.from(`${folder}/`), entry.name);
    }
  } catch {
    // Nothing was restored; what cannot be removed is told by the removal.
  }
}

async function chmodBelow(parent: Buffer, name: Buffer): Promise<void> {
  const folder = Buffer.concat([parent, name]);
  await chmod(folder, 0o700);
  const inside = Buffer.concat([folder, Buffer.from('/')]);
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) await chmodBelow(inside, entry.name);
  }
}
