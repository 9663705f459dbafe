/** `dump`: the bytes of one file of a snapshot, or a folder as a tar archive. */
import { joinPath } from '../base/raw-path.ts';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { dumpFile, dumpFolder, type DumpOptions } from '../snapshot/dump.ts';
import { findNode } from '../snapshot/find-node.ts';
import { openSnapshot, type OpenSnapshot, type SnapshotInput } from './open-snapshot.ts';
import type { Workbench } from './workbench.ts';

export interface DumpInput extends SnapshotInput {
  /** Absolute, below the subfolder. `/` is all of it. */
  readonly path: string;
}

export interface Dump extends AsyncDisposable {
  readonly kind: 'file' | 'tar';
  /** Ends with an error where something cannot be read; what came until then is right. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Throws `SNAPSHOT_PATH_NOT_FOUND`; for links and devices `bytes` throws `SNAPSHOT_PATH_WRONG_TYPE`. */
export async function openDump(workbench: Workbench, input: DumpInput): Promise<Dump> {
  await using stack = new AsyncDisposableStack();
  const open = stack.use(await openSnapshot(workbench, input));
  const { kind, bytes } = await findContent(open, { ...input, warn: workbench.warn });
  const held = stack.move();
  return {
    kind,
    bytes: naming(input.path, bytes),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What is missing in the middle of a stream is another matter than a file that is not restored. */
async function* naming(path: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if (!isKeepsakeError(cause) || cause.exitCode !== ExitCode.damage) throw cause;
    throw new KeepsakeError('DUMP_INCOMPLETE', { path, why: cause.message }, { cause });
  }
}

async function findContent(
  { repository, treeId, subfolder }: OpenSnapshot,
  { path, signal, warn }: DumpInput & DumpOptions,
): Promise<Pick<Dump, 'kind' | 'bytes'>> {
  const whole = path === '/' ? subfolder : joinPath(subfolder, path.slice(1));
  if (path === '/') {
    return {
      kind: 'tar',
      bytes: dumpFolder(repository, { treeId, path: whole }, { signal, warn }),
    };
  }
  const node = await findNode(repository, { rootTreeId: treeId, path }, { signal });
  if (node === undefined) throw new KeepsakeError('SNAPSHOT_PATH_NOT_FOUND', { path });
  if (node.type !== 'dir' || node.subtree === undefined) {
    return { kind: 'file', bytes: dumpFile(repository, { path, node }, { signal, warn }) };
  }
  const folder = { treeId: node.subtree, path: whole };
  return { kind: 'tar', bytes: dumpFolder(repository, folder, { signal, warn }) };
}
