/** Reads the repository's index files into one `BlobIndex`. */
import type { Backend, CallOptions, ListedFile } from '../backend/backend.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { decodeIndexFile, type IndexFile } from '../format/index-file.ts';
import { collectOften } from '../host/collector.ts';
import type { BlobIndex } from './blob-index.ts';
import { decodeNamed, type SealedFiles } from './sealed-files.ts';

/** Some 30,000 blobs: then lists are long and objects many, whatever is to be done with them. */
const LARGE_INDEX_BYTES = 1_300_000;

interface IndexSource {
  readonly backend: Backend;
  readonly files: SealedFiles;
}

export interface NamedIndexFile {
  readonly name: string;
  readonly file: IndexFile;
}

export async function listIndexFiles(
  backend: Backend,
  options: CallOptions = {},
): Promise<ListedFile[]> {
  const listed = await Array.fromAsync(backend.list('index', options));
  const indexBytes = listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (indexBytes > LARGE_INDEX_BYTES) collectOften();
  return listed;
}

/** Every index file decoded, in the order of the listing; the first unreadable one throws. */
export async function* readIndexFiles(
  { backend, files }: IndexSource,
  options: CallOptions = {},
): AsyncGenerator<NamedIndexFile> {
  yield* mapConcurrent(
    await listIndexFiles(backend, options),
    async ({ name }) => ({ name, file: await readIndexFile(files, name, options) }),
    { limit: backend.connections, signal: options.signal },
  );
}

export async function readIndexFile(
  files: SealedFiles,
  name: string,
  options: CallOptions = {},
): Promise<IndexFile> {
  const bytes = await files.load('index', name, options);
  return decodeNamed({ kind: 'index', name }, bytes, decodeIndexFile);
}

export async function loadIndex(
  { backend, files, index }: IndexSource & { index: BlobIndex },
  options: CallOptions = {},
): Promise<void> {
  for await (const { file } of readIndexFiles({ backend, files }, options)) {
    for (const pack of file.packs) index.addPack(pack.id, pack.blobs);
  }
}
