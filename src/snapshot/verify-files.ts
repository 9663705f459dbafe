import { joinPath } from '../base/raw-path.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import { readlinkSync } from 'node:fs';
import type { Node } from '../format/node.ts';
import { rethrowIfGeneral, type BlobReader, type ReadOptions } from './blob-reader.ts';
import { compareContent } from './compare-content.ts';
import { lstatIfAny } from './temporary-name.ts';
import { walkTree } from './tree-walk.ts';

const FILES_AT_ONCE = 4;

export interface VerifyOptions extends ReadOptions {
  reader: BlobReader;
  treeId: string;
  /** The folder the tree was restored to, as an absolute raw path. */
  target: string;
  /** Which paths of the snapshot are looked at. Default: all. */
  select?: (path: string) => boolean;
}

export type VerifyEvent =
  | { readonly kind: 'equal'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'different'; readonly path: string; readonly error: KeepsakeError };

interface Check {
  path: string;
  node: Node;
}

/**
 * Reads every regular file below `target` again and compares it, chunk by chunk, with the tree.
 * Of links the target is compared, of folders that they are there. One event per file, and one for
 * anything else that differs.
 */
export async function* verifyFiles(options: VerifyOptions): AsyncGenerator<VerifyEvent> {
  const { reader, treeId, signal, select = () => true } = options;
  const missing = new Set<string>();
  const steps = walkTree(reader, treeId, {
    signal,
    damage: 'step',
    descend: (path) => !missing.has(path),
  });
  const work = (step: Check | VerifyEvent) =>
    'kind' in step ? Promise.resolve(step) : checkEntry(options, step);
  async function* checks(): AsyncGenerator<Check | VerifyEvent> {
    for await (const step of steps) {
      if (step.phase === 'problem') {
        yield { kind: 'different', path: step.path, error: step.error };
      } else if (step.phase === 'enter') {
        // A link in a folder's place would have the files below checked somewhere else.
        if (lstatIfAny(placeOf(options, step.path))?.isDirectory() === true) continue;
        missing.add(step.path);
        if (select(step.path)) yield different(step.path, 'there is no such folder');
      } else if (step.phase === 'leaf' && select(step.path)) yield step;
    }
  }
  for await (const event of mapConcurrent(checks(), work, { limit: FILES_AT_ONCE, signal })) {
    if (event !== undefined) yield event;
  }
}

async function checkEntry(
  options: VerifyOptions,
  { path, node }: Check,
): Promise<VerifyEvent | undefined> {
  const at = placeOf(options, path);
  try {
    if (node.type === 'file') return await checkFile(options, { path, node, at });
    const why = differenceOf(node, at);
    return why === undefined ? undefined : different(path, why);
  } catch (error) {
    rethrowIfGeneral(error, options.signal);
    return different(path, describeCause(error), error);
  }
}

async function checkFile(
  { reader, signal }: VerifyOptions,
  { path, node, at }: Check & { at: string },
): Promise<VerifyEvent> {
  if (lstatIfAny(at) === undefined) return different(path, 'it is missing');
  const result = await compareContent(reader, { path, at, node }, { signal });
  if ('difference' in result) return different(path, result.difference);
  return { kind: 'equal', path, sizeBytes: result.sizeBytes };
}

function differenceOf(node: Node, at: string): string | undefined {
  const found = lstatIfAny(at);
  if (node.type === 'socket') return undefined;
  if (found === undefined) return 'it is missing';
  if (node.type !== 'symlink') return found.isDirectory() ? 'it is a folder' : undefined;
  if (!found.isSymbolicLink()) return 'it is no symbolic link';
  const linkTarget = decodeRawName(readlinkSync(fsPath(at), { encoding: 'buffer' }));
  return linkTarget === node.linkTarget ? undefined : 'the link points elsewhere';
}

function placeOf({ target }: VerifyOptions, path: string): string {
  return path === '/' ? target : joinPath(target, path.slice(1));
}

function different(path: string, why: string, cause?: unknown): VerifyEvent {
  const error = new KeepsakeError('VERIFY_DIFFERS', { path, why }, { cause });
  return { kind: 'different', path, error };
}
