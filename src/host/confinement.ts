/**
 * What this machine lets us take from a program: the network, the live files, processes that outlive
 * it. It takes the rights of root, or user namespaces; a container may have neither.
 */
import type { Clock } from '../base/clock.ts';
import type { Environment } from './command-environment.ts';
import { withoutSecrets } from './command-environment.ts';
import { runCommand } from './run-command.ts';

export interface Confinement {
  /** What the program's argv is put behind; empty: nothing can be taken from it. */
  readonly prefix: readonly string[];
  /** It has a loopback of its own and no other network. */
  readonly network: boolean;
  /** It may be given a view of its own of the files. */
  readonly files: boolean;
  /** Why the network could not be taken from it. */
  readonly reason?: string | undefined;
}

const WAYS = [
  { flags: ['--net', '--mount', '--pid', '--fork'], network: true, files: true },
  { flags: ['--net', '--pid', '--fork'], network: true, files: false },
  { flags: ['--net'], network: true, files: false },
  { flags: ['--pid', '--fork'], network: false, files: false },
] as const;
const TRY_LIMIT_MS = 10_000;

/** The most of it that works here, found by trying. */
export async function findConfinement(options: {
  readonly clock: Clock;
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}): Promise<Confinement> {
  // Root in a namespace of our own is nobody outside of it.
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  let reason: string | undefined;
  for (const { flags, network, files } of WAYS) {
    const prefix = ['unshare', ...asRoot, ...flags];
    const failure = await tryOut([...prefix, 'true'], options);
    if (failure === undefined) {
      return { prefix, network, files, ...(!network && { reason }) };
    }
    reason ??= failure;
  }
  return { prefix: [], network: false, files: false, reason };
}

/** Why it does not work. */
async function tryOut(
  argv: readonly string[],
  { clock, environment, signal }: Parameters<typeof findConfinement>[0],
): Promise<string | undefined> {
  const own = { ...withoutSecrets(environment), LC_ALL: 'C.UTF-8' };
  const how = { clock, environment: own, limitMs: TRY_LIMIT_MS, signal };
  try {
    const { exitCode, lastLines } = await runCommand(argv, how);
    return exitCode === 0 ? undefined : (lastLines.at(-1) ?? `exit code ${exitCode}`);
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
