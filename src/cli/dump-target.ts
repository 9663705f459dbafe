/** The file that `dump --target` and `export` write: there under its name only when it is whole. */
import { hash } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toHex } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ProcessFacts } from '../repository/lock-holder.ts';

/** Who writes: a file of a writer that was killed is known by its process. */
export interface DumpWriter {
  readonly self: Pick<ProcessFacts, 'pid' | 'isAlive'>;
  readonly random: Random;
  /** Throws unless the file at that path, which is durable, is what was meant: then it goes. */
  readonly check?: ((written: string) => Promise<void>) | undefined;
}

/**
 * Throws `CLI_FILE_UNWRITABLE`, and what `bytes` and the check throw; then a file of that name is as
 * it was. True when it was checked: what went into a device or a pipe cannot be.
 */
export async function writeDump(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  writer: DumpWriter,
): Promise<boolean> {
  if (await isSpecial(path)) {
    await writeTo(path, path, bytes);
    return false;
  }
  await removeLeftovers(path, writer);
  const { self, random, check } = writer;
  // Chance beside the process: two containers may write here under the same number.
  const temporary = `${temporaryStem(path)}${self.pid}-${toHex(random(4))}.tmp`;
  try {
    await writeTo(temporary, path, bytes);
    await check?.(temporary);
    await unlessUnwritable(path, () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return check !== undefined;
}

/** Short whatever the file's name is, which may have all 255 bytes; and no name of anyone else's. */
function temporaryStem(path: string): string {
  const which = hash('sha256', basename(path), 'hex').slice(0, 16);
  return join(dirname(path), `.keepsake-dump-${which}-`);
}

/** What dumps to this very file left that were killed. Two at once may be at work. */
async function removeLeftovers(path: string, { self }: DumpWriter): Promise<void> {
  const folder = dirname(path);
  const stem = basename(temporaryStem(path));
  const names = await readdir(folder).catch(() => []); // told when the file is opened
  for (const name of names) {
    const rest = name.startsWith(stem) ? name.slice(stem.length) : '';
    const [, pid] = /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(rest) ?? [];
    if (pid === undefined || self.isAlive(Number(pid))) continue;
    await rm(join(folder, name), { force: true });
  }
}

/** @param path as the person named it */
async function writeTo(
  place: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  // What it holds may be private, whatever the umask is.
  await using file = await unlessUnwritable(path, () => open(place, 'w', 0o600));
  for await (const chunk of bytes) await unlessUnwritable(path, () => file.writeFile(chunk));
  // A pipe or a terminal cannot be synced, and need not be.
  if (place !== path) await unlessUnwritable(path, () => file.sync());
}

async function unlessUnwritable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = describeCause(cause);
    throw new KeepsakeError('CLI_FILE_UNWRITABLE', { path, reason }, { cause });
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
