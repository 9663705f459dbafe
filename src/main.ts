/** The composition root: the only file that names concrete storage, clock and chance. */
import { readFileSync, readlinkSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { openLocalBackend } from './backend/local-backend.ts';
import { parseLocation } from './backend/location.ts';
import { withLimits } from './backend/limit-backend.ts';
import { withRetry } from './backend/retry-backend.ts';
import type { Backend } from './backend/backend.ts';
import { systemClock, systemRandom } from './base/clock.ts';
import { KeepsakeError } from './base/errors/keepsake-error.ts';
import { ExitCode } from './base/exit-code.ts';
import { runCli } from './cli/cli.ts';
import { StandardStream } from './cli/standard-stream.ts';
import { fileSystemKind } from './host/file-system.ts';
import type { ProcessFacts } from './repository/lock-holder.ts';

const LOCAL_CONNECTIONS = 4;

function openBackend(location: string): Backend {
  const { path } = parseLocation(location);
  const isOnThisMachine = async (folder: string): Promise<boolean> =>
    (await fileSystemKind(folder)).isOnThisMachine;
  const local = openLocalBackend({ path, random: systemRandom, isOnThisMachine });
  const limited = withLimits(local, { connections: LOCAL_CONNECTIONS, clock: systemClock });
  return withRetry(limited, { clock: systemClock, random: systemRandom });
}

function processFacts(): ProcessFacts {
  return {
    hostname: hostname(),
    ...user(),
    pid: process.pid,
    pidNamespace: pidNamespace(),
    isAlive,
  };
}

/** Without an account there is neither name nor home: a container may run as any number. */
function user(): Pick<ProcessFacts, 'username' | 'uid' | 'gid'> {
  try {
    const { username, uid, gid } = userInfo();
    return { username, uid, gid };
  } catch {
    return { username: '', uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  }
}

function home(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined; // no /proc: then no lock is ever taken for dead
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** One signal may come twice: from the terminal or systemd, and passed on by npm or `bin/keepsake`. */
const SAME_SIGNAL_MS = 1000;

/** The first Ctrl-C asks for an orderly end, a later one ends at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let askedAtMs = 0;
  for (const [name, reason] of [
    ['SIGINT', 'Ctrl-C'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'the terminal was closed'],
  ] as const) {
    process.on(name, () => {
      const nowMs = systemClock.monotonicMs();
      if (controller.signal.aborted) {
        if (nowMs - askedAtMs > SAME_SIGNAL_MS) process.exit(ExitCode.cancelled);
        return;
      }
      askedAtMs = nowMs;
      controller.abort(new KeepsakeError('CANCELLED', { reason }));
    });
  }
  return controller.signal;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function main(): Promise<void> {
  const stdout = new StandardStream(process.stdout);
  const stderr = new StandardStream(process.stderr);
  process.exitCode = await runCli({
    argv: process.argv.slice(2),
    environment: process.env,
    workingFolder: process.cwd(),
    home: home(),
    isRoot: process.getuid?.() === 0,
    stdout,
    stderr,
    signal: abortOnSignals(),
    terminalInput: () => process.stdin,
    readStdin: () => text(process.stdin),
    workbench: {
      clock: systemClock,
      random: systemRandom,
      self: processFacts(),
      keepsakeVersion: packageVersion(),
      openBackend,
    },
  });
  // Output that nobody takes any more must not hold up the end that was asked for.
  if (process.exitCode !== ExitCode.cancelled) {
    await Promise.allSettled([stdout.flushed(), stderr.flushed()]);
  }
  process.exit(); // to take down what V8 holds would be 10 ms for nothing
}

// Not awaited: commands are loaded from files that need what stands in this one (scripts/build.mjs).
void main();
