/** Reads the repository's index files into one `BlobIndex`. */
import type { Backend, CallOptions } from '../backend/backend.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { decodeIndexFile, type IndexFile } from '../format/index-file.ts';
import { collectOften } from '../host/collector.ts';
import type { BlobIndex } from './blob-index.ts';
import { decodeNamed, type SealedFiles } from './sealed-files.ts';

/** Where so much is stored lists are long and objects many, whatever is to be done with them. */
const MANY_BLOBS = 30_000;

interface IndexSource {
  readonly backend: Backend;
  readonly files: SealedFiles;
}

export interface NamedIndexFile {
  readonly name: string;
  readonly file: IndexFile;
}

/** Every index file decoded, in the order of the listing; the first unreadable one throws. */
export async function* readIndexFiles(
  { backend, files }: IndexSource,
  options: CallOptions = {},
): AsyncGenerator<NamedIndexFile> {
  yield* mapConcurrent(
    backend.list('index', options),
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
    if (index.size > MANY_BLOBS) collectOften();
  }
}
