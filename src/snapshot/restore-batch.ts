/**
 * Small files that lie in one run of blobs are made by whichever thread opens the run. Only files
 * that need nothing out of the ordinary; one that turns out to need it is restored by itself.
 */
import { joinPath } from '../base/raw-path.ts';
import { statModeFromMode } from '../format/file-mode.ts';
import { timeToNs } from '../format/go-time.ts';
import type { Node } from '../format/node.ts';
import { TIMES_FIELDS, timesOf } from '../host/libc.ts';
import { NUMBERS_A_FILE, type NewFiles } from '../host/new-files.ts';
import type { BlobReader, BlobRun } from './blob-reader.ts';
import { hardLinkKey } from './hard-link-key.ts';
import type { RestoreContext } from './restore-context.ts';
import type { RestoreFolder } from './restore-folder.ts';

const MODE_BITS = 0o7777;

export interface BatchFile {
  readonly path: string;
  readonly node: Node;
}

export interface Batch<F extends BatchFile> {
  readonly run: BlobRun;
  readonly files: readonly F[];
}

/** Puts the files that can be made in company into batches, and the others into `rest`. */
export function planBatches<F extends BatchFile>(
  context: RestoreContext,
  folder: RestoreFolder,
  files: readonly F[],
): { batches: Batch<F>[]; rest: F[] } {
  const isNew = folder.before === undefined && !context.dryRun && !context.durable;
  const plain = isNew ? files.filter(({ node }) => isPlain(context.reader, node)) : [];
  const runs = context.reading.planRuns(plain.flatMap(({ node }) => node.content ?? []));
  const runOf = new Map<string, number>();
  for (const [number, { blobs }] of runs.entries()) {
    for (const { id } of blobs) runOf.set(id, number);
  }
  const batches = runs.map((run) => ({ run, files: [] as F[] }));
  const placed = new Set<F>();
  for (const file of plain) {
    const [first, ...others] = new Set(file.node.content?.map((id) => runOf.get(id)));
    if (first === undefined || others.length > 0) continue;
    batches[first]?.files.push(file);
    placed.add(file);
  }
  return {
    batches: batches.filter((batch) => batch.files.length > 0),
    rest: files.filter((file) => !placed.has(file)),
  };
}

/** A file whose making can only go wrong on the disk. */
function isPlain(reader: BlobReader, node: Node): boolean {
  const { type, content, size = 0, extendedAttributes } = node;
  if (type !== 'file' || content === null || content.length === 0) return false;
  if ((extendedAttributes ?? []).length > 0 || hardLinkKey(node) !== undefined) return false;
  let sizeBytes = 0;
  for (const id of content) sizeBytes += reader.blobSizeBytes?.('data', id) ?? Number.NaN;
  return sizeBytes === size;
}

/** Makes the files of a batch, and gives those that were not to be made this way. */
export async function restoreBatch<F extends BatchFile>(
  context: RestoreContext,
  folder: RestoreFolder,
  { run, files }: Batch<F>,
): Promise<readonly F[]> {
  const { signal } = context;
  const order = orderFor(context, folder, { run, files });
  const made = await context.reading.writeRun(run, order, { signal });
  const left: F[] = [];
  for (const [index, file] of files.entries()) {
    if (made?.[index] !== 1) {
      left.push(file);
      continue;
    }
    const { path, node } = file;
    const sizeBytes = node.size ?? 0;
    await context.wrote(sizeBytes);
    await context.done('restored', { path, type: 'file', sizeBytes });
  }
  return left;
}

function orderFor(
  { sparse, owners, temporaryNames }: RestoreContext,
  folder: RestoreFolder,
  { run, files }: Batch<BatchFile>,
): NewFiles {
  const numberOf = new Map(run.blobs.map(({ id }, number) => [id, number]));
  const paths: string[] = [];
  const numbers = new Uint32Array(files.length * NUMBERS_A_FILE);
  const times = new BigInt64Array(files.length * TIMES_FIELDS);
  const pieces: number[] = [];
  for (const [index, { node }] of files.entries()) {
    const { content, mode, uid, gid, atime, mtime } = node;
    paths.push(temporaryNames.next(folder.at), joinPath(folder.at, node.name));
    const count = content?.length ?? 0;
    numbers.set([statModeFromMode(mode) & MODE_BITS, uid, gid, count], index * NUMBERS_A_FILE);
    times.set(timesOf(timeToNs(atime), timeToNs(mtime)), index * TIMES_FIELDS);
    for (const id of content ?? []) pieces.push(numberOf.get(id) ?? 0);
  }
  return {
    kind: 'files',
    paths: paths.join('\0'),
    numbers,
    times,
    pieces: Uint32Array.from(pieces),
    sparse,
    owners,
  };
}
