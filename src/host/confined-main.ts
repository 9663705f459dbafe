/**
 * Runs one program in the namespaces that `unshare` made for this process, asks it for a page from
 * the inside, stops it and tells what came of it. When Keepsake dies its pipe closes, and the program
 * is stopped as well; in a PID namespace all of it ends with this process, because it is the first.
 */
import { systemClock as clock } from '../base/clock.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ConfinedMount, ConfinedRequest, ConfinedResult } from './confined-protocol.ts';
import { probeHealth, type HealthVerdict } from './health-probe.ts';
import { requestOnce, type HttpAnswer } from './http-request.ts';
import { bringUpLoopback, mountPath } from './libc.ts';
import { runCommand, type CommandResult } from './run-command.ts';

// <sys/mount.h>
const MS_RDONLY = 1;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16_384;

/** Of the copy nothing is kept. */
const KILL_AFTER_MS = 2000;
const PAGE_LIMIT_MS = 5000;
const KEPT_LINES = 50;

const stop = new AbortController();
process.on('disconnect', () => stop.abort(new Error('Keepsake is gone')));

process.once('message', (request: ConfinedRequest) => {
  serve(request).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(describeCause(error));
      process.exit(1);
    },
  );
});

async function serve(request: ConfinedRequest): Promise<ConfinedResult> {
  if (request.needsLoopback) bringUpLoopback();
  const mountFailure = makeMounts(request.mounts);
  return { mountFailure, ...(await runAndAsk(request)) };
}

function makeMounts(mounts: readonly ConfinedMount[]): string | undefined {
  try {
    for (const mount of mounts) {
      if (mount.kind === 'bind') mountPath(mount.from, mount.to, MS_BIND | MS_REC);
      else makeReadOnly(mount.path);
    }
    return undefined;
  } catch (error) {
    return describeCause(error);
  }
}

function makeReadOnly(path: string): void {
  mountPath(path, path, MS_BIND | MS_REC);
  mountPath(path, path, MS_BIND | MS_REMOUNT | MS_RDONLY);
}

interface Asked {
  readonly verdict?: HealthVerdict | undefined;
  readonly page?: HttpAnswer | undefined;
}

async function runAndAsk(request: ConfinedRequest): Promise<ConfinedResult> {
  const { argv, environment, workingFolder, user: runAs } = request;
  const lastLines: string[] = [];
  const onLine = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
  };
  const { signal } = stop;
  const how = { clock, environment, workingFolder, runAs, onLine, signal };
  const running = runCommand(argv, { ...how, killAfterMs: KILL_AFTER_MS });
  const ended = endOf(running);
  const asked = await ask(request, ended);
  if (asked.verdict !== undefined) stop.abort(new Error('it was asked'));
  return { ...asked, ...(await ended), lastLines };
}

async function endOf(
  running: Promise<CommandResult>,
): Promise<Pick<ConfinedResult, 'end' | 'startFailure'>> {
  try {
    const { exitCode, endedBy } = await running;
    return { end: { exitCode, endedBy } };
  } catch (error) {
    if (stop.signal.aborted) return {};
    if (error instanceof KeepsakeError) return { startFailure: error.message };
    throw error;
  }
}

/** Nothing when the program ends before there is a verdict. */
async function ask({ check }: ConfinedRequest, ended: Promise<unknown>): Promise<Asked> {
  if (check === undefined) {
    await ended;
    return {};
  }
  const over = new AbortController();
  void ended.then(() => over.abort());
  const { health, limitMs } = check;
  const signal = over.signal;
  try {
    const verdict = await probeHealth(health, { clock, limitMs, signal });
    if (verdict.kind !== 'healthy') return { verdict };
    const page = await requestOnce(health.url, { clock, limitMs: PAGE_LIMIT_MS, signal });
    return { verdict, page };
  } catch (error) {
    if (signal.aborted) return {};
    throw error;
  }
}
