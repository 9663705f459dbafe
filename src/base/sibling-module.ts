import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Path of a module beside the caller, for starting it in a child process or a worker: `.ts` when
 * run from source, `.js` when built, as the caller itself is.
 *
 * @param moduleUrl the caller's `import.meta.url`
 * @param name without ending, e.g. `./gate-main`
 */
export function siblingModule(moduleUrl: string, name: string): string {
  return fileURLToPath(new URL(`${name}${extname(fileURLToPath(moduleUrl))}`, moduleUrl));
}
