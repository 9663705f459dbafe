import { mapConcurrent } from '../base/concurrency.ts';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { displayRawName } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import { loadFileBlob, type BlobReader, type ReadOptions } from './blob-reader.ts';
import { contentSize, piecesOf, sizeWarning, type FileOfTree } from './content-size.ts';
import { hardLinkKey } from './hard-link-key.ts';
import { encodeTarEnd, encodeTarHeader, tarPadding } from './tar-header.ts';
import { walkTree } from './tree-walk.ts';

const BLOBS_AHEAD = 4;

export interface DumpOptions extends ReadOptions {
  /** Told of a file whose size is another one than its folder's list says. */
  readonly warn?: ((message: string) => void) | undefined;
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
  { signal, warn }: DumpOptions = {},
): AsyncGenerator<Uint8Array> {
  const names = new Map<string, string>();
  for await (const step of walkTree(reader, treeId, { path, signal })) {
    if (step.phase === 'problem') throw step.error;
    if (step.phase === 'leave' || step.node.type === 'socket') continue;
    const { node } = step;
    const name = step.path.slice(1);
    const linkTo = firstName(names, node, name);
    if (node.type === 'file' && linkTo === undefined) {
      yield* dumpMember(reader, { ...step, name }, { signal, warn });
    } else yield encodeTarHeader({ name, node, linkTo });
  }
  yield encodeTarEnd();
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
