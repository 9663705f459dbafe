/** A private folder for large temporary files, removed when disposed. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Workbench } from './workbench.ts';

export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

export async function withScratchFolder({
  scratchFolder,
}: Pick<Workbench, 'scratchFolder'>): Promise<ScratchFolder> {
  try {
    await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
    const path = await mkdtemp(join(scratchFolder, 'run-'));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    const reason = describeCause(error);
    throw new KeepsakeError(
      'SCRATCH_UNUSABLE',
      { folder: scratchFolder, reason },
      { cause: error },
    );
  }
}
