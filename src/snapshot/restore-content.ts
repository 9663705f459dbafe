import { ftruncateSync } from 'node:fs';
import { forEachConcurrent } from '../base/concurrency.ts';
import type { Node } from '../format/node.ts';
import { HoleyWriter } from '../host/holey-writer.ts';
import { preallocate } from '../host/file-room.ts';
import type { OpenFilePieces } from '../host/new-files.ts';
import { loadSupplied, type BlobRun, type BlobSupply } from './blob-reader.ts';
import { piecesOf, type FileOfTree } from './content-size.ts';
import type { RestoreContext } from './restore-context.ts';

/** Blobs planned at a time: enough to read each pack in a few pieces. */
const PLANNED_BLOBS = 8192;
/** More than can be in work, so that none of the threads has to wait for this one. */
const RUNS_AT_ONCE = 6;

/** The blobs of a file that are loaded along with its neighbours'; else it has a plan of its own. */
export function sharedContent({ content }: Node): readonly string[] {
  return content?.length === 1 ? content : [];
}

/**
 * Writes a file's whole content to the empty file `fd` and gives its size.
 *
 * @param shared a plan that holds its `sharedContent`
 */
export async function writeContent(
  context: RestoreContext,
  fd: number,
  { path, node, shared }: FileOfTree & { shared: BlobSupply | undefined },
): Promise<number> {
  const content = piecesOf({ path, node });
  if (content.length <= 1 && shared !== undefined) {
    return writeInOrder(context, { path, content, fd, supply: shared });
  }
  // One such file at a time: a plan of thousands of blobs takes memory, and its runs keep all busy.
  return context.largeFiles.run(async () => {
    const places = placesOf(context, content);
    if (places !== undefined) {
      const preallocated = preallocate(fd, places.sizeBytes);
      const file = { path, fd, places, preallocated };
      if (await writeInPlaces(context, file)) return places.sizeBytes;
    }
    ftruncateSync(fd, 0);
    return writeInOrder(context, { path, content, fd, supply: context.reading.plan(content) });
  });
}

/** Where in a file its blobs belong. */
interface Places {
  readonly offsets: ReadonlyMap<string, number | readonly number[]>;
  readonly sizeBytes: number;
}

interface PlacedFile {
  readonly path: string;
  readonly fd: number;
  readonly places: Places;
  /** Room was set aside for all of it. */
  readonly preallocated: boolean;
}

/** `false` when a blob has another length than the index says: then it is not known what lies where. */
async function writeInPlaces(context: RestoreContext, file: PlacedFile): Promise<boolean> {
  const { fd, places } = file;
  ftruncateSync(fd, places.sizeBytes); // what is not written stays a hole, at the very end, too
  const ids = [...places.offsets.keys()];
  for (let from = 0; from < ids.length; from += PLANNED_BLOBS) {
    const wanted = new Set(ids.slice(from, from + PLANNED_BLOBS));
    await writeRuns(context, file, wanted);
    if (!(await writeSingly(context, file, wanted))) return false;
  }
  return true;
}

/** Each run by whoever opens it. Takes what was written out of `wanted`. */
async function writeRuns(
  context: RestoreContext,
  { fd, places, preallocated }: PlacedFile,
  wanted: Set<string>,
): Promise<void> {
  const { reading, signal, sparse } = context;
  const how = { sparse, preallocated };
  const writeRun = async (run: BlobRun): Promise<void> => {
    const order: OpenFilePieces = { kind: 'open', fd, places: placesIn(run, places), ...how };
    const written = await reading.writeRun(run, order, { signal });
    if (written?.[0] !== 1) return;
    for (const { id } of run.blobs) wanted.delete(id);
    await context.wrote(writtenBytes(context, run, places));
  };
  const limits = { limit: RUNS_AT_ONCE, signal };
  await forEachConcurrent(reading.planRuns(wanted), writeRun, limits);
}

/** Pairs: number of the blob, and one offset that it has in the file. */
function placesIn({ blobs }: BlobRun, { offsets }: Places): Float64Array {
  const pairs: number[] = [];
  for (const [number, { id }] of blobs.entries()) {
    for (const offset of offsetsOf(offsets, id)) pairs.push(number, offset);
  }
  return Float64Array.from(pairs);
}

function writtenBytes({ reader }: RestoreContext, run: BlobRun, { offsets }: Places): number {
  let sum = run.plaintextBytes;
  for (const { id } of run.blobs) {
    const copies = offsetsOf(offsets, id).length - 1;
    if (copies > 0) sum += copies * (reader.blobSizeBytes?.('data', id) ?? 0);
  }
  return sum;
}

async function writeSingly(
  context: RestoreContext,
  { path, fd, places, preallocated }: PlacedFile,
  wanted: ReadonlySet<string>,
): Promise<boolean> {
  const { reader, sparse } = context;
  const supply = context.reading.plan(wanted);
  const writer = new HoleyWriter(fd, { sparse, preallocated });
  for (const id of supply.inPackOrder()) {
    const bytes = supply.held(id) ?? (await loadNext(context, { path, supply, writer }, id));
    if (bytes.length !== reader.blobSizeBytes?.('data', id)) return false;
    for (const offset of offsetsOf(places.offsets, id)) writer.put(bytes, offset);
  }
  await settle(context, writer);
  return true;
}

async function writeInOrder(
  context: RestoreContext,
  file: { path: string; content: readonly string[]; fd: number; supply: BlobSupply },
): Promise<number> {
  const { path, content, fd, supply } = file;
  const writer = new HoleyWriter(fd, { sparse: context.sparse });
  for (const id of content) {
    const bytes = supply.held(id) ?? (await loadNext(context, { path, supply, writer }, id));
    writer.put(bytes, writer.sizeBytes);
  }
  await settle(context, writer);
  writer.finish();
  return writer.sizeBytes;
}

async function loadNext(
  context: RestoreContext,
  { path, supply, writer }: { path: string; supply: BlobSupply; writer: HoleyWriter },
  id: string,
): Promise<Uint8Array> {
  await settle(context, writer);
  return loadSupplied(supply, { path, id }, { signal: context.signal });
}

/** Before anything is waited for: what a supply gave may be gone afterwards. */
async function settle(context: RestoreContext, writer: HoleyWriter): Promise<void> {
  writer.flush();
  await context.wrote(writer.takeWritten());
}

/** `undefined` where a length shows only when its blob is loaded. */
function placesOf({ reader }: RestoreContext, content: readonly string[]): Places | undefined {
  const offsets = new Map<string, number | number[]>();
  let sizeBytes = 0;
  for (const id of content) {
    const before = offsets.get(id);
    if (before === undefined) offsets.set(id, sizeBytes);
    else if (typeof before === 'number') offsets.set(id, [before, sizeBytes]);
    else before.push(sizeBytes);
    const length = reader.blobSizeBytes?.('data', id);
    if (length === undefined) return undefined;
    sizeBytes += length;
  }
  return { offsets, sizeBytes };
}

function offsetsOf(offsets: Places['offsets'], id: string): readonly number[] {
  const found = offsets.get(id) ?? [];
  return typeof found === 'number' ? [found] : found;
}
