/** Lets one process at a time change apps in place on this machine. */
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { describeCause, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { processIdentity } from '../../host/process-identity.ts';
import { errnoCode } from '../../host/system-call-error.ts';
import type { ProcessFacts } from '../../repository/lock-holder.ts';

const LOCK_NAME = 'change.lock';
/** Of file systems that have no hard links, as FAT and some network mounts. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

interface Holder {
  readonly pid: number;
  readonly pidNamespace?: string | undefined;
  /** Absent where the machine cannot tell one process from a later one of the same number. */
  readonly identity?: string | undefined;
  readonly command: string;
  readonly startedAt: string;
}

export interface LockRequest {
  readonly stateFolder: string;
  readonly self: ProcessFacts;
  readonly clock: Clock;
  /** For whoever meets the lock. */
  readonly command: string;
}

/**
 * Throws `CHANGE_UNDER_WAY`, and `CHANGE_STATE_UNUSABLE` where no lock can be written. The lock of a
 * process that is certainly dead does not count.
 */
export async function lockChanges(request: LockRequest): Promise<AsyncDisposable> {
  try {
    return await holdLock(request);
  } catch (error) {
    if (error instanceof KeepsakeError) throw error;
    const details = { folder: request.stateFolder, reason: describeCause(error) };
    throw new KeepsakeError('CHANGE_STATE_UNUSABLE', details, { cause: error });
  }
}

async function holdLock({
  stateFolder,
  self,
  clock,
  command,
}: LockRequest): Promise<AsyncDisposable> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const path = join(stateFolder, LOCK_NAME);
  const own: Holder = {
    pid: self.pid,
    pidNamespace: self.pidNamespace,
    identity: processIdentity(self.pid),
    command,
    startedAt: clock.now().toISOString(),
  };
  await take(path, JSON.stringify(own), self);
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** Throws `CHANGE_UNDER_WAY`. */
async function take(path: string, text: string, self: ProcessFacts): Promise<void> {
  while (!(await tryCreate(path, text))) {
    const found = await readHolder(path);
    if (found === undefined) continue;
    if (!isDead(found.holder, self)) throw underWay(path, found.holder);
    await removeDead({ path, ...found }, text, self);
  }
}

/** Throws `CHANGE_UNDER_WAY` while a living process holds the lock. */
export async function assertNoChangeUnderWay({
  stateFolder,
  self,
}: Pick<LockRequest, 'stateFolder' | 'self'>): Promise<void> {
  const path = join(stateFolder, LOCK_NAME);
  const found = await readHolder(path);
  if (found === undefined || isDead(found.holder, self)) return;
  throw underWay(path, found.holder);
}

function underWay(path: string, { pid, command, startedAt }: Holder): KeepsakeError {
  return new KeepsakeError('CHANGE_UNDER_WAY', { pid, command, startedAt, path });
}

/** The name appears with the whole text, so that nobody can read half of it, not even after a power cut. */
async function tryCreate(path: string, text: string): Promise<boolean> {
  const folder = await mkdtemp(`${path}-`);
  const whole = join(folder, LOCK_NAME);
  try {
    await writeFile(whole, text, { mode: 0o600, flush: true });
    await link(whole, path).catch((error: unknown) => createWithoutLink(error, path, text));
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half of it may be read, and stay after a power cut: then a person removes it. */
async function createWithoutLink(cause: unknown, path: string, text: string): Promise<void> {
  if (!WITHOUT_LINKS.includes(errnoCode(cause) ?? '')) throw cause;
  await writeFile(path, text, { mode: 0o600, flag: 'wx', flush: true });
}

async function readHolder(path: string): Promise<{ text: string; holder: Holder } | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return { text, holder: parseHolder(text) };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** What cannot be read may be of a living process. */
function parseHolder(text: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { pid: 0, command: 'unknown, its lock cannot be read', startedAt: 'an unknown time' };
  }
}

function isDead({ pid, pidNamespace, identity }: Holder, self: ProcessFacts): boolean {
  if (pidNamespace !== self.pidNamespace || pidNamespace === undefined) return false;
  if (!self.isAlive(pid)) return true;
  return identity !== undefined && processIdentity(pid) !== identity;
}

/**
 * Several may find the same dead lock. Whoever removes it holds a lock by the number of the dead
 * process meanwhile, and looks once more: nobody else removes it then, so nothing but it goes. That
 * second lock may be left by a process that died, too, and is taken in the same way.
 */
async function removeDead(
  dead: { readonly path: string; readonly text: string; readonly holder: Holder },
  text: string,
  self: ProcessFacts,
): Promise<void> {
  const claim = `${dead.path}.${dead.holder.pid}`;
  await take(claim, text, self);
  try {
    if ((await readHolder(dead.path))?.text === dead.text) await rm(dead.path, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}
