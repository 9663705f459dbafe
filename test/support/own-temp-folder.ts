/** Gives a whole test run one folder for everything temporary, and removes it at the end. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Vitest ends its workers without their exit handlers, so each cannot clean up after itself. */
export function setup(): () => void {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-tests-'));
  chmodSync(folder, 0o755); // some tests look from another user
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    if (process.env['KEEPSAKE_KEEP_TEMP'] === undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
