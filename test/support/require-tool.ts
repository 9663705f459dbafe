/** Tests that need a program of the system: skipped in sight on a laptop, a failure in CI. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const warned = new Set<string>();

/** `test.skipIf(!requireTool('restic'))(…)`. */
export function requireTool(name: string): boolean {
  return requireThat(isOnPath(name), name, 'is not installed; `npm test` as root installs it');
}

/** For what only root may do: device nodes, other owners, mounts. */
export function requireRoot(): boolean {
  return requireThat(process.getuid?.() === 0, 'root', 'rights are needed; run the tests as root');
}

function requireThat(met: boolean, name: string, problem: string): boolean {
  if (met) return true;
  if (isRequired(name)) throw new Error(`required here: ${name} ${problem}`);
  if (!warned.has(name)) process.stderr.write(`skipped: ${name} ${problem}\n`);
  warned.add(name);
  return false;
}

/** `CI=true` requires everything; `KEEPSAKE_TEST_REQUIRED` is `all` or a list: `restic,root`. */
export function isRequired(name: string, env: NodeJS.ProcessEnv = process.env): boolean {
  if (!['', '0', 'false', undefined].includes(env['CI'])) return true;
  const listed = (env['KEEPSAKE_TEST_REQUIRED'] ?? '').split(',').map((entry) => entry.trim());
  return listed.some((entry) => ['all', '1', 'true', name].includes(entry));
}

export function isOnPath(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder
    }
  });
}
