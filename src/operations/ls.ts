/** `ls`: what a snapshot holds, entry by entry. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { findNode } from '../snapshot/find-node.ts';
import { walkTree } from '../snapshot/tree-walk.ts';
import { openSnapshot, type OpenSnapshot, type SnapshotInput } from './open-snapshot.ts';
import type { Workbench } from './workbench.ts';

export interface LsInput extends SnapshotInput {
  /** Absolute paths below the subfolder; none: everything. */
  readonly paths: readonly string[];
  /** With paths: also what is in the folders of the named folders. */
  readonly recursive: boolean;
}

export type LsEvent =
  | { readonly kind: 'snapshot'; readonly stored: StoredSnapshot; readonly subfolder: string }
  /** The path begins at the subfolder, as restic gives it. */
  | { readonly kind: 'node'; readonly path: string; readonly node: Node }
  /** A folder whose content cannot be read. */
  | { readonly kind: 'problem'; readonly path: string; readonly error: KeepsakeError };

/** Throws `SNAPSHOT_PATH_NOT_FOUND` when one of the paths is not there, before the first event. */
export async function* ls(workbench: Workbench, input: LsInput): AsyncGenerator<LsEvent> {
  const { paths, recursive, signal } = input;
  await using open = await openSnapshot(workbench, input);
  for (const path of paths) await assertThere(open, path, signal);
  const { id, snapshot, subfolder, repository, treeId } = open;
  yield { kind: 'snapshot', stored: { id, snapshot }, subfolder };
  const choice = new PathChoice(paths, recursive);
  const steps = walkTree(repository, treeId, {
    signal,
    damage: 'step',
    descend: (path) => choice.looksInto(path),
  });
  for await (const step of steps) {
    if (step.phase === 'problem') yield { kind: 'problem', path: step.path, error: step.error };
    else if (step.phase !== 'leave' && choice.lists(step.path)) {
      yield { kind: 'node', path: step.path, node: step.node };
    }
  }
}

async function assertThere(
  { repository, treeId }: OpenSnapshot,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (path === '/') return;
  const node = await findNode(repository, { rootTreeId: treeId, path }, { signal });
  if (node === undefined) throw new KeepsakeError('SNAPSHOT_PATH_NOT_FOUND', { path });
}

/** Which entries are listed: all, or the named ones and what is directly in them. */
class PathChoice {
  readonly #paths: readonly string[];
  readonly #recursive: boolean;

  constructor(paths: readonly string[], recursive: boolean) {
    this.#paths = paths;
    this.#recursive = recursive;
  }

  lists(path: string): boolean {
    return this.#paths.length === 0 || this.#paths.some((named) => isWithin(path, named));
  }

  looksInto(path: string): boolean {
    if (this.#paths.length === 0 || (this.#recursive && this.lists(path))) return true;
    return this.#paths.some((named) => isWithin(named, path));
  }
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
