/** The file that `dump --target` writes: there under its name only when it is whole. */
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';

/** Throws `CLI_FILE_UNWRITABLE`, and what `bytes` throws; then a file of that name is as it was. */
export async function writeDump(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (await isSpecial(path)) return writeTo(path, bytes);
  const partial = `${path}.partial`;
  try {
    await writeTo(partial, bytes);
    await moveInto(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await openForWriting(path);
  for await (const chunk of bytes) await writeAll(file, path, chunk);
  // A pipe or a terminal cannot be synced, and need not be.
  await file.sync().catch(() => {});
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    // What it holds may be private, whatever the umask is.
    return await open(path, 'w', 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function writeAll(file: FileHandle, path: string, chunk: Uint8Array): Promise<void> {
  try {
    await file.writeFile(chunk);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function moveInto(partial: string, path: string): Promise<void> {
  try {
    await rename(partial, path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** A device or a pipe is written to; a file is replaced. */
async function isSpecial(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return !found.isFile();
  } catch {
    return false; // not there: it will be made
  }
}

function unwritable(path: string, cause: unknown): KeepsakeError {
  return new KeepsakeError(
    'CLI_FILE_UNWRITABLE',
    { path, reason: describeCause(cause) },
    { cause },
  );
}
