import {
  closeSync,
  constants,
  fsync,
  linkSync,
  openSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { timeToNs } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import { makeFifo, makeNode } from '../host/libc.ts';
import { NEW_FILE, newFileAt, OWNER_READ_WRITE } from '../host/new-files.ts';
import type { BlobSupply } from './blob-reader.ts';
import { compareContent } from './compare-content.ts';
import { contentSize, sizeWarning } from './content-size.ts';
import { writeContent } from './restore-content.ts';
import type { RestoreContext } from './restore-context.ts';
import type { RestoreFolder } from './restore-folder.ts';
import { restoreMetadata } from './restore-metadata.ts';
import { lstatIfAny, moveIntoPlace, removeIfAny } from './temporary-name.ts';

const { S_IFBLK, S_IFCHR } = constants;
const flush = promisify(fsync);

/** One entry to restore that is not a folder. Its folder is there already. */
export interface Leaf {
  /** As in the snapshot. */
  readonly path: string;
  readonly node: Node;
  readonly folder: RestoreFolder;
  readonly at: string;
  /** What stands there now. */
  readonly found: BigIntStats | undefined;
  /** A plan that holds its blobs. */
  readonly shared?: BlobSupply | undefined;
}

/** Restores one entry and says what was done. Throws what went wrong with it. */
export async function restoreLeaf(context: RestoreContext, leaf: Leaf): Promise<void> {
  const { path, node, found } = leaf;
  const told = { path, type: node.type, sizeBytes: node.size ?? 0 };
  if (node.type === 'socket') return context.done('skipped', told);
  if (found !== undefined && context.overwrite === 'never') {
    context.unverifiable.add(path);
    return context.done('skipped', told);
  }
  if (found !== undefined && (await isSame(context, leaf, found))) {
    const { at } = leaf;
    if (!context.dryRun) await restoreMetadata(context, { path, at, node, before: found });
    return context.done('unchanged', told);
  }
  const sizeBytes = await remake(context, leaf);
  if (node.type === 'file') {
    const warning = sizeWarning(node, sizeBytes);
    if (warning !== undefined) await context.warn(path, 'size', warning);
  }
  await context.done(found === undefined ? 'restored' : 'updated', { ...told, sizeBytes });
}

/** Makes `leaf` one more name of the file at `primary`. */
export async function restoreHardLink(
  context: RestoreContext,
  leaf: Leaf,
  primary: string,
): Promise<void> {
  const { path, node, found } = leaf;
  const told = { path, type: node.type, sizeBytes: 0 };
  if (found !== undefined && context.overwrite === 'never') {
    context.unverifiable.add(path);
    return context.done('skipped', told);
  }
  if (found !== undefined && isSameInode(found, lstatIfAny(primary))) {
    return context.done('unchanged', told);
  }
  if (!context.dryRun) {
    await replace(context, leaf, (temporary) => {
      linkSync(fsPath(primary), fsPath(temporary));
      return Promise.resolve();
    });
  }
  await context.done(found === undefined ? 'restored' : 'updated', told);
}

function isSameInode(found: BigIntStats, primary: BigIntStats | undefined): boolean {
  return found.ino === primary?.ino && found.dev === primary.dev;
}

async function isSame(
  context: RestoreContext,
  { path, at, node }: Leaf,
  found: BigIntStats,
): Promise<boolean> {
  switch (node.type) {
    case 'file': {
      return found.isFile() && hasSameContent(context, { path, at, node }, found);
    }
    case 'symlink': {
      return found.isSymbolicLink() && readLink(at) === node.linkTarget;
    }
    case 'fifo': {
      return found.isFIFO();
    }
    case 'dev': {
      return found.isBlockDevice() && found.rdev === node.device;
    }
    case 'chardev': {
      return found.isCharacterDevice() && found.rdev === node.device;
    }
    case 'dir':
    case 'socket':
    case 'irregular': {
      break;
    }
  }
  return false;
}

async function hasSameContent(
  { reader, signal, overwrite }: RestoreContext,
  file: { path: string; at: string; node: Node },
  found: BigIntStats,
): Promise<boolean> {
  try {
    if (overwrite === 'if-changed' && found.mtimeNs === timeToNs(file.node.mtime)) {
      const sizeBytes = await contentSize(reader, file, { signal });
      if (found.size === BigInt(sizeBytes)) return true;
    }
    return 'sizeBytes' in (await compareContent(reader, file, { signal }));
  } catch {
    // Not to be read: written anew, and what is wrong comes up there.
    signal.throwIfAborted();
    return false;
  }
}

function readLink(at: string): string {
  return decodeRawName(readlinkSync(fsPath(at), { encoding: 'buffer' }));
}

/** Lets `build` make the entry under a temporary name and moves it into place. */
async function replace(
  context: RestoreContext,
  { folder, at, path, node }: Leaf,
  build: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = context.temporaryNames.next(folder.at);
  try {
    await build(temporary);
    moveIntoPlace(temporary, at, { path, wanted: node.type });
  } catch (error) {
    removeIfAny(temporary);
    throw error;
  }
}

/** Writes it anew; a dry run only looks. Gives the size of a file's content. */
async function remake(context: RestoreContext, leaf: Leaf): Promise<number> {
  const { reader, signal, dryRun } = context;
  if (dryRun) return leaf.node.type === 'file' ? contentSize(reader, leaf, { signal }) : 0;
  let sizeBytes = 0;
  await replace(context, leaf, async (temporary) => {
    if (leaf.node.type === 'file') sizeBytes = await makeFile(context, leaf, temporary);
    else await makeOther(context, leaf, temporary);
  });
  return sizeBytes;
}

async function makeOther(context: RestoreContext, leaf: Leaf, temporary: string): Promise<void> {
  const { path, node } = leaf;
  makeSpecial(leaf, temporary);
  await restoreMetadata(context, { path, at: temporary, node });
}

async function makeFile(
  context: RestoreContext,
  { path, node, folder, shared }: Leaf,
  temporary: string,
): Promise<number> {
  const fd = openSync(fsPath(temporary), NEW_FILE, OWNER_READ_WRITE);
  try {
    const sizeBytes = await writeContent(context, fd, { path, node, shared });
    const as = (folder.newFile ??= newFileAt(temporary, fd));
    await restoreMetadata(context, { path, at: temporary, node, fresh: { fd, as } });
    if (context.durable) await flush(fd);
    return sizeBytes;
  } finally {
    closeSync(fd);
  }
}

function makeSpecial({ path, node }: Leaf, temporary: string): void {
  switch (node.type) {
    case 'symlink': {
      assertInternal(node.linkTarget !== undefined, `${path} is a link without a target`);
      return symlinkSync(fsPath(node.linkTarget), fsPath(temporary));
    }
    case 'fifo': {
      return makeFifo(temporary, OWNER_READ_WRITE);
    }
    case 'dev': {
      return makeNode(temporary, S_IFBLK | OWNER_READ_WRITE, node.device ?? 0n);
    }
    case 'chardev': {
      return makeNode(temporary, S_IFCHR | OWNER_READ_WRITE, node.device ?? 0n);
    }
    case 'file':
    case 'dir':
    case 'socket':
    case 'irregular': {
      throw unknownType(path, node);
    }
  }
}

function unknownType(path: string, { type }: Node): KeepsakeError {
  const why = `an entry of type "${type}" cannot be made`;
  return new KeepsakeError('RESTORE_ITEM_FAILED', { path, why });
}
