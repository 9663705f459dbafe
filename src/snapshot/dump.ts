import { mapConcurrent } from '../base/concurrency.ts';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { displayRawName } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { loadFileBlob, type BlobReader, type ReadOptions } from './blob-reader.ts';
import { contentSize, piecesOf, sizeWarning, type FileOfTree } from './content-size.ts';
import { hardLinkKey } from './hard-link-key.ts';
import type { PathFilter } from './include-filter.ts';
import { encodeTarEnd, encodeTarHeader, tarPadding } from './tar-header.ts';
import { walkTree, type TreeStep } from './tree-walk.ts';

const BLOBS_AHEAD = 4;

export interface DumpOptions extends ReadOptions {
  /** Told of a file whose size is another one than its folder's list says. */
  readonly warn?: ((message: string) => void) | undefined;
}

export interface DumpFolderOptions extends DumpOptions {
  /** Asked with each path as the archive names it, with a slash before. Default: everything. */
  readonly filter?: PathFilter | undefined;
  /** Told of each entry, also of the sockets, which no archive can hold. */
  readonly onEntry?: ((path: string, node: Node) => void) | undefined;
}

/** The bytes of a file, in order. Throws where one cannot be read: what came so far is right. */
export async function* dumpFile(
  reader: BlobReader,
  { path, node }: FileOfTree,
  { signal, warn }: DumpOptions = {},
): AsyncGenerator<Uint8Array> {
  if (node.type !== 'file') {
    throw new KeepsakeError('SNAPSHOT_PATH_WRONG_TYPE', { path, type: node.type, wanted: 'file' });
  }
  const load = (id: string) => loadFileBlob(reader, { path, id }, { signal });
  const pieces = piecesOf({ path, node });
  let sizeBytes = 0;
  for await (const bytes of mapConcurrent(pieces, load, { limit: BLOBS_AHEAD, signal })) {
    sizeBytes += bytes.length;
    yield bytes;
  }
  const warning = sizeWarning(node, sizeBytes);
  if (warning !== undefined) warn?.(`${displayRawName(path)}: ${warning}`);
}

/**
 * A folder as a tar stream (POSIX pax), entries named by their whole path without its first slash.
 * Throws where something cannot be read: the stream ends there without the mark of a whole archive.
 */
export async function* dumpFolder(
  reader: BlobReader,
  { treeId, path = '/' }: { treeId: string; path?: string },
  { signal, warn, filter, onEntry }: DumpFolderOptions = {},
): AsyncGenerator<Uint8Array> {
  const names = new Map<string, string>();
  const descend = (folder: string): boolean => filter?.(folder).descend ?? true;
  const steps = walkTree(reader, treeId, { path, signal, descend });
  for await (const step of selectSteps(steps, filter)) {
    const { node } = step;
    onEntry?.(step.path, node);
    if (node.type === 'socket') continue;
    const name = step.path.slice(1);
    const linkTo = firstName(names, node, name);
    if (node.type === 'file' && linkTo === undefined) {
      yield* dumpMember(reader, { ...step, name }, { signal, warn });
    } else yield encodeTarHeader({ name, node, linkTo });
  }
  yield encodeTarEnd();
}

/** A folder that is not selected itself comes before the first entry below it that is. */
async function* selectSteps(
  steps: AsyncIterable<TreeStep>,
  filter: PathFilter | undefined,
): AsyncGenerator<FileOfTree> {
  const held: FileOfTree[] = [];
  for await (const step of steps) {
    if (step.phase === 'problem') throw step.error;
    if (step.phase === 'leave') {
      if (held.at(-1)?.path === step.path) held.pop();
    } else if (filter === undefined || filter(step.path).selected) {
      yield* held.splice(0);
      yield step;
    } else if (step.phase === 'enter') held.push(step);
  }
}

/** The name under which the archive already holds this file. */
function firstName(names: Map<string, string>, node: Node, name: string): string | undefined {
  const key = hardLinkKey(node);
  if (key === undefined) return undefined;
  const first = names.get(key);
  if (first === undefined) names.set(key, name);
  return first;
}

/** The header announces the size, so that has to be right before anything is read. */
async function* dumpMember(
  reader: BlobReader,
  { path, node, name }: FileOfTree & { name: string },
  options: DumpOptions,
): AsyncGenerator<Uint8Array> {
  const size = await contentSize(reader, { path, node }, options);
  yield encodeTarHeader({ name, node: { ...node, size } });
  let sizeBytes = 0;
  for await (const bytes of dumpFile(reader, { path, node }, options)) {
    sizeBytes += bytes.length;
    yield bytes;
  }
  assertInternal(sizeBytes === size, `${path} has ${sizeBytes} bytes, the index says ${size}`);
  yield tarPadding(size);
}
