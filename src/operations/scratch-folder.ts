/** A private folder for large temporary files, removed when disposed. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ProcessFacts } from '../repository/lock-holder.ts';
import type { Workbench } from './workbench.ts';

export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

type ScratchWorkbench = Pick<Workbench, 'scratchFolder' | 'self' | 'clock'>;

/** Of another PID namespace nobody can tell whether its process lives; then age decides. */
const FOREIGN_AGE_MS = 2 * 24 * 60 * 60_000;
/** `run-<PID namespace>-<PID>-<six random characters>` */
const RUN_NAME = /^run-(\d+)-(\d+)-\w{6}$/;

/** Also removes the folders of runs that were killed. */
export async function withScratchFolder(workbench: ScratchWorkbench): Promise<ScratchFolder> {
  const { scratchFolder, self } = workbench;
  try {
    await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
    await removeDeadRuns(workbench);
    const prefix = `run-${namespaceNumber(self)}-${self.pid}-`;
    const path = await mkdtemp(join(scratchFolder, prefix));
    return { path, [Symbol.asyncDispose]: async () => removeAll(path) };
  } catch (error) {
    const reason = describeCause(error);
    throw new KeepsakeError(
      'SCRATCH_UNUSABLE',
      { folder: scratchFolder, reason },
      { cause: error },
    );
  }
}

/** The asynchronous `rm` begins with all entries at once: 500 MB for a folder of 200,000 files. */
function removeAll(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

async function removeDeadRuns(workbench: ScratchWorkbench): Promise<void> {
  for (const name of await readdir(workbench.scratchFolder)) {
    const path = join(workbench.scratchFolder, name);
    try {
      if (await isDeadRun(workbench, name)) removeAll(path);
    } catch {
      // Another run removed it first, or another user owns it: it only takes room.
    }
  }
}

async function isDeadRun(
  { self, clock, scratchFolder }: ScratchWorkbench,
  name: string,
): Promise<boolean> {
  const [, namespace, pid] = RUN_NAME.exec(name) ?? [];
  if (namespace === undefined) return false;
  if (namespace !== UNKNOWN_NAMESPACE && namespace === namespaceNumber(self)) {
    return !self.isAlive(Number(pid));
  }
  const { mtime } = await stat(join(scratchFolder, name));
  return clock.now().getTime() - mtime.getTime() > FOREIGN_AGE_MS;
}

const UNKNOWN_NAMESPACE = '0';

/** From `pid:[4026531836]`. */
function namespaceNumber({ pidNamespace }: ProcessFacts): string {
  return /\d+/.exec(pidNamespace ?? '')?.[0] ?? UNKNOWN_NAMESPACE;
}
