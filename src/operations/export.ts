/** `export`: a snapshot as a tar archive for people without any tool. */
import { createReadStream } from 'node:fs';
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { displayRawName } from '../base/raw-name.ts';
import type { Node } from '../format/node.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { dumpFolder } from '../snapshot/dump.ts';
import { createPathFilter, type FilterPatterns } from '../snapshot/include-filter.ts';
import { StreamDigest, type StreamFacts } from '../snapshot/stream-digest.ts';
import { compressTar, decompressTar, type TarFormat } from '../snapshot/tar-compression.ts';
import { openSnapshot, type OpenSnapshot, type SnapshotInput } from './open-snapshot.ts';
import type { Workbench } from './workbench.ts';

export interface ExportInput extends SnapshotInput, FilterPatterns {
  readonly format: TarFormat;
}

export interface ExportCounts {
  files: number;
  folders: number;
  /** Links, devices and FIFOs. */
  others: number;
  /** Of the files' content, second names of a file included. */
  contentBytes: number;
}

export interface Export extends AsyncDisposable {
  readonly stored: StoredSnapshot;
  readonly subfolder: string;
  /** Of the whole snapshot, if all of it goes out and it says so. */
  readonly expectedBytes: number | undefined;
  /** Grow while `bytes` is read. */
  readonly counts: Readonly<ExportCounts>;
  /** The archive. Ends with an error where something cannot be read, or nothing matched. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Reads what was written of `bytes`. Throws `EXPORT_READ_BACK` unless it is the same archive. */
  verify(written: string): Promise<void>;
}

/** Entries are named by their path below the subfolder, without a slash before. */
export async function openExport(workbench: Workbench, input: ExportInput): Promise<Export> {
  await using stack = new AsyncDisposableStack();
  const open = stack.use(await openSnapshot(workbench, input));
  const counts: ExportCounts = { files: 0, folders: 0, others: 0, contentBytes: 0 };
  const digest = new StreamDigest();
  const tar = makeTar(workbench, { open, input, counts });
  const held = stack.move();
  return {
    stored: open,
    subfolder: open.subfolder,
    expectedBytes: expectedBytes(open, input),
    counts,
    bytes: compressTar(digest.watch(tar), input.format),
    verify: (written) => readBack(written, { ...input, expected: digest.finish() }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

interface TarJob {
  readonly open: OpenSnapshot;
  readonly input: ExportInput;
  readonly counts: ExportCounts;
}

async function* makeTar(
  { warn }: Workbench,
  { open, input, counts }: TarJob,
): AsyncGenerator<Uint8Array> {
  const { repository, treeId, subfolder } = open;
  const { include = [], signal } = input;
  const onEntry = (path: string, node: Node): void => {
    if (node.type === 'socket') {
      warn(`${displayRawName(path)} is a socket, which no tar archive can hold: left out`);
    } else countEntry(counts, node);
  };
  try {
    const options = { signal, warn, filter: createPathFilter(input), onEntry };
    yield* dumpFolder(repository, { treeId }, options);
  } catch (cause) {
    if (!isKeepsakeError(cause) || cause.exitCode !== ExitCode.damage) throw cause;
    const details = { path: subfolder, why: cause.message };
    throw new KeepsakeError('DUMP_INCOMPLETE', details, { cause });
  }
  if (include.length > 0 && counts.files + counts.others === 0) {
    throw new KeepsakeError('RESTORE_NOTHING_MATCHED', { patterns: include });
  }
}

function countEntry(counts: ExportCounts, { type, size = 0 }: Node): void {
  if (type === 'dir') counts.folders += 1;
  else if (type === 'file') {
    counts.files += 1;
    counts.contentBytes += size;
  } else counts.others += 1;
}

function expectedBytes(
  { snapshot, subfolder }: OpenSnapshot,
  { include = [], exclude = [] }: ExportInput,
): number | undefined {
  const isWhole = subfolder === '/' && include.length === 0 && exclude.length === 0;
  return isWhole ? snapshot.summary?.totalBytesProcessed : undefined;
}

async function readBack(
  path: string,
  { format, expected, signal }: ExportInput & { expected: StreamFacts },
): Promise<void> {
  const digest = new StreamDigest();
  try {
    const tar = decompressTar(createReadStream(path, { signal }), format);
    for await (const _ of digest.watch(tar));
  } catch (cause) {
    signal?.throwIfAborted();
    throw new KeepsakeError('EXPORT_READ_BACK', { path, why: describeCause(cause) }, { cause });
  }
  const { sizeBytes, sha256 } = digest.finish();
  if (sizeBytes === expected.sizeBytes && sha256 === expected.sha256) return;
  const why = `${sizeBytes} bytes with the hash ${sha256.slice(0, 8)}, not ${expected.sizeBytes} with ${expected.sha256.slice(0, 8)}`;
  throw new KeepsakeError('EXPORT_READ_BACK', { path, why });
}
