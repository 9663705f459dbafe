/** Whole files over a `FileLayer`: written completely or not at all, read completely or not at all. */
import type { LoadOptions } from './backend.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { resolveRange } from './byte-range.ts';
import { systemCode, type FailurePlace } from './file-errors.ts';
import type { FileLayer, OpenFile } from './file-layer.ts';

/** An abort is noticed between two writes of this size. */
const WRITE_BYTES = 8 << 20;

/** What a file system says that has no such call, as FAT, SMB and FUSE mounts do. */
const UNSUPPORTED = ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'ENOTTY'];

/** As restic: a store that cannot sync, or cannot set modes, is still used. */
export async function whereSupported(work: Promise<void>, ...also: string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    const code = systemCode(error);
    if (!UNSUPPORTED.includes(code) && !also.includes(code)) throw error;
  }
}

export interface WriteOptions {
  readonly place: FailurePlace;
  /** While being written, and when finished. */
  readonly mode: number;
  readonly finalMode: number;
  /** Absent: yes. */
  readonly sync?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a new file and syncs its bytes (not its name). On any failure the file is removed again. */
export async function writeNewFile(
  layer: FileLayer,
  path: string,
  content: { bytes: Uint8Array } & WriteOptions,
): Promise<void> {
  content.signal?.throwIfAborted();
  const file = await layer.createFile(path, content.mode);
  try {
    try {
      await writeAll(file, content);
      await whereSupported(file.chmod(content.finalMode), 'EPERM', 'EACCES');
      if (content.sync !== false) await whereSupported(file.sync());
    } finally {
      await file.close();
    }
    content.signal?.throwIfAborted();
  } catch (error) {
    await removeQuietly(layer, path);
    throw error;
  }
}

async function writeAll(
  file: OpenFile,
  { bytes, place, signal }: { bytes: Uint8Array } & WriteOptions,
): Promise<void> {
  let at = 0;
  while (at < bytes.byteLength) {
    signal?.throwIfAborted();
    const written = await file.write(bytes.subarray(at, at + WRITE_BYTES), at);
    if (written <= 0) break;
    at += written;
  }
  const { sizeBytes } = await file.stat();
  if (sizeBytes !== bytes.byteLength) {
    const wantedBytes = bytes.byteLength;
    throw new KeepsakeError('BACKEND_SHORT_WRITE', { ...place, sizeBytes, wantedBytes });
  }
}

/** Reads a range of a file; `BACKEND_SHORT_FILE` if it ends sooner. */
export async function readRange(
  layer: FileLayer,
  path: string,
  { place, ...options }: LoadOptions & { place: FailurePlace },
): Promise<Uint8Array> {
  const file = await layer.openExisting(path);
  try {
    const { sizeBytes } = await file.stat();
    const { start, end } = resolveRange(sizeBytes, options, place);
    const target = Buffer.allocUnsafeSlow(end - start);
    let filled = 0;
    while (filled < target.byteLength) {
      options.signal?.throwIfAborted();
      const count = await file.read(target.subarray(filled), start + filled);
      if (count === 0) resolveRange(start + filled, { offsetBytes: end }, place);
      filled += count;
    }
    return target;
  } finally {
    await file.close();
  }
}

/** For cleaning up after a failure that is worth more than this one. */
export async function removeQuietly(layer: FileLayer, path: string): Promise<void> {
  try {
    await layer.unlink(path);
  } catch {
    // What stays has a temporary name: never listed, and removed when it is old.
  }
}
