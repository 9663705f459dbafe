/**
 * Drop-ins that keep a unit from starting. An assertion, not a condition: whoever tries to start the
 * unit is told that it failed.
 *
 * One is gone with the next start of the machine and holds whatever there is. The other outlives it,
 * and holds only as long as a file exists: left behind it does nothing. They have different names,
 * because of equally named drop-ins in /etc and /run systemd reads only the one in /etc.
 *
 * Source: systemd.unit(5), `UNIT.d/*.conf`, AssertPathExists= and "Specifiers"; tried with
 * `systemd-analyze condition`.
 */
import { mkdir, open, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode } from './system-call-error.ts';

const NAMES = { now: '90-keepsake-hold.conf', lasting: '91-keepsake-hold-at-boot.conf' } as const;
/** What a line of a unit file says as it stands: no control characters, all of it UTF-8. */
const PLAIN = /^\/(?:[^\p{Cc}\p{Cs}]*[^\p{Cc}\p{Cs}\s\\])?$/u;

/** @param folder as /run/systemd/system */
export function dropInPath(unit: string, folder: string, kind: keyof typeof NAMES): string {
  return join(folder, `${unit}.d`, NAMES[kind]);
}

/** Whether a unit file can name it. */
export function isExpressible(path: string): boolean {
  return PLAIN.test(path);
}

/** systemd has to be told to read it. `unless`: holds as long as that exists; default: always. */
export async function writeDropIn(path: string, unless = '/'): Promise<void> {
  const assertion = `AssertPathExists=!${unless.replaceAll('%', '%%')}`;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await using file = await open(path, 'w', 0o644);
  await file.writeFile(
    `# Written by Keepsake while it puts the app's files back: see \`keepsake status\`.\n[Unit]\n${assertion}\n`,
  );
  await file.sync();
  for (const each of [folder, dirname(folder)]) {
    await using opened = await open(each, 'r');
    await opened.sync();
  }
}

/** False when there is none. The path may come from a journal: no other file is ever removed. */
export async function removeDropIn(path: string): Promise<boolean> {
  if (!Object.values(NAMES).some((name) => path.endsWith(`.d/${name}`))) return false;
  try {
    await rm(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  await rmdir(dirname(path)).catch(() => {}); // others keep theirs there, too
  return true;
}
