/**
 * A drop-in that keeps a unit from starting, gone with the next start of the machine. An assertion,
 * not a condition: whoever tries to start the unit is told that it failed.
 *
 * Source: systemd.unit(5), `UNIT.d/*.conf` and AssertPathExists=.
 */
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const NAME = '90-keepsake-hold.conf';
const TEXT = `# Written by Keepsake while it puts the app's files back: see keepsake status.
[Unit]
AssertPathExists=!/
`;

/** From `UnitPath=/etc/systemd/system.control …`, what `systemctl show -p UnitPath` says. */
export function runtimeUnitFolder(unitPath: string): string | undefined {
  return unitPath
    .replace(/^UnitPath=/, '')
    .split(' ')
    .find((folder) => folder.endsWith('/run/systemd/system'));
}

/** Returns its path. systemd has to be told to read it. */
export async function writeDropIn(unit: string, folder: string): Promise<string> {
  const path = join(folder, `${unit}.d`, NAME);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, TEXT, { mode: 0o644 });
  return path;
}

/** `dropInPaths` as systemd has it. False when ours is not among them. */
export async function removeDropIn(unit: string, dropInPaths: string): Promise<boolean> {
  const path = dropInPaths.split(' ').find((item) => item.endsWith(join(`${unit}.d`, NAME)));
  if (path === undefined) return false;
  await rm(path, { force: true });
  await rmdir(dirname(path)).catch(() => {}); // others keep theirs there, too
  return true;
}
