import { mapConcurrent } from '../base/concurrency.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { loadFileBlob, type BlobReader, type ReadOptions } from './blob-reader.ts';
import { hardLinkKey } from './hard-link-key.ts';
import { encodeTarEnd, encodeTarHeader, tarPadding } from './tar-header.ts';
import { walkTree } from './tree-walk.ts';

const BLOBS_AHEAD = 4;

/** The bytes of a file, in order. Throws where one cannot be read: what came so far is right. */
export async function* dumpFile(
  reader: BlobReader,
  { path, node }: { path: string; node: Node },
  { signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  if (node.type !== 'file') {
    throw new KeepsakeError('SNAPSHOT_PATH_WRONG_TYPE', { path, type: node.type, wanted: 'file' });
  }
  const load = (id: string) => loadFileBlob(reader, { path, id }, { signal });
  yield* mapConcurrent(node.content ?? [], load, { limit: BLOBS_AHEAD, signal });
}

/**
 * A folder as a tar stream (POSIX pax), entries named by their whole path without its first slash.
 * Throws where something cannot be read: the stream ends there without the mark of a whole archive.
 */
export async function* dumpFolder(
  reader: BlobReader,
  { treeId, path = '/' }: { treeId: string; path?: string },
  { signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const names = new Map<string, string>();
  for await (const step of walkTree(reader, treeId, { path, signal })) {
    if (step.phase === 'problem') throw step.error;
    if (step.phase === 'leave' || step.node.type === 'socket') continue;
    const { node } = step;
    const name = step.path.slice(1);
    const linkTo = firstName(names, node, name);
    yield encodeTarHeader({ name, node, linkTo });
    if (node.type === 'file' && linkTo === undefined) yield* dumpPadded(reader, step, { signal });
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

async function* dumpPadded(
  reader: BlobReader,
  file: { path: string; node: Node },
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { path, node } = file;
  const expectedBytes = node.size ?? 0;
  let actualBytes = 0;
  for await (const bytes of dumpFile(reader, file, options)) {
    actualBytes += bytes.length;
    // Beyond the announced size the bytes would be taken for the next header.
    if (actualBytes > expectedBytes) break;
    yield bytes;
  }
  if (actualBytes !== expectedBytes) {
    throw new KeepsakeError('SNAPSHOT_SIZE_WRONG', { path, expectedBytes, actualBytes });
  }
  yield tarPadding(expectedBytes);
}
