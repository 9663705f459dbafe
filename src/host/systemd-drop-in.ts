/**
 * A drop-in that keeps a unit from starting, gone with the next start of the machine. An assertion,
 * not a condition: whoever tries to start the unit is told that it failed.
 *
 * Source: systemd.unit(5), `UNIT.d/*.conf` and AssertPathExists=.
 */
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode } from './system-call-error.ts';

const NAME = '90-keepsake-hold.conf';
const TEXT = `# Written by Keepsake while it puts the app's files back: see \`keepsake status\`.
[Unit]
AssertPathExists=!/
`;

/** @param folder as /run/systemd/system */
export function dropInPath(unit: string, folder: string): string {
  return join(folder, `${unit}.d`, NAME);
}

/** systemd has to be told to read it. */
export async function writeDropIn(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, TEXT, { mode: 0o644 });
}

/** False when there is none. The path may come from a journal: no other file is ever removed. */
export async function removeDropIn(path: string): Promise<boolean> {
  if (!path.endsWith(`.d/${NAME}`)) return false;
  try {
    await rm(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  await rmdir(dirname(path)).catch(() => {}); // others keep theirs there, too
  return true;
}
