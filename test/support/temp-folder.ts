/** A folder of its own for one test, gone when the test is over. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** A path inside it. */
  join(...parts: string[]): string;
}

/** `await using dir = await tempFolder()`. With `KEEPSAKE_KEEP_TEMP` set it stays, to be looked at. */
export async function tempFolder(prefix = 'keepsake-test-'): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    async [Symbol.asyncDispose]() {
      if (process.env['KEEPSAKE_KEEP_TEMP'] !== undefined) return;
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
