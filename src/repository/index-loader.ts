/** Reads the repository's index files into one `BlobIndex`. */
import type { Backend, CallOptions, ListedFile } from '../backend/backend.ts';
import { mapConcurrent } from '../base/concurrency.ts';
import { decodeIndexFile, type IndexFile } from '../format/index-file.ts';
import { collectOften } from '../host/collector.ts';
import type { BlobIndex } from './blob-index.ts';
import type { IndexCopies } from './index-copies.ts';
import { decodeNamed, type SealedFiles } from './sealed-files.ts';

/** Some 30,000 blobs: then lists are long and objects many, whatever is to be done with them. */
const LARGE_INDEX_BYTES = 1_300_000;

interface IndexSource {
  readonly backend: Backend;
  readonly files: SealedFiles;
}

interface IndexTarget extends IndexSource {
  readonly index: BlobIndex;
  readonly copies: IndexCopies | undefined;
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

export async function readIndexFile(
  files: SealedFiles,
  name: string,
  options: CallOptions = {},
): Promise<IndexFile> {
  const bytes = await files.load('index', name, options);
  return decodeNamed({ kind: 'index', name }, bytes, decodeIndexFile);
}

/** From the local copies, where there are some; of what was read, copies are made. */
export async function loadIndex(
  { backend, files, index, copies }: IndexTarget,
  options: CallOptions = {},
): Promise<void> {
  const listed = await listIndexFiles(backend, options);
  const loadOne = async ({ name }: ListedFile) => {
    const copy = await copies?.load(name);
    return copy ?? { name, file: await readIndexFile(files, name, options) };
  };
  const limits = { limit: backend.connections, signal: options.signal };
  for await (const loaded of mapConcurrent(listed, loadOne, limits)) {
    if (!('file' in loaded)) {
      index.addColumns(loaded);
      continue;
    }
    for (const pack of loaded.file.packs) index.addPack(pack.id, pack.blobs);
    await copies?.keep(loaded.name, loaded.file);
  }
}
