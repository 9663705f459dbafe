/** What Keepsake tells the process that runs a program in confinement (`confined-main.ts`). */
import type { HealthCheck, HealthVerdict } from './health-probe.ts';
import type { HttpAnswer } from './http-request.ts';
import type { RunAsRequest } from './run-as-protocol.ts';

/** One step of making the mount namespace, in order. */
export type ConfinedMount =
  /** What is at `from` is seen at `to` as well. */
  | { readonly kind: 'bind'; readonly from: string; readonly to: string }
  /** Nobody in the confinement writes there. */
  | { readonly kind: 'read-only'; readonly path: string };

export interface ConfinedRequest {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder?: string | undefined;
  readonly user?: (RunAsRequest['user'] & { readonly home: string }) | undefined;
  /** Asked until it is well, known to be ill or out of time; without it the program runs to its end. */
  readonly check?: { readonly health: HealthCheck; readonly limitMs: number } | undefined;
  /** The network namespace is a new one, and its loopback is down. */
  readonly needsLoopback: boolean;
  readonly mounts: readonly ConfinedMount[];
}

export interface ConfinedResult {
  /** Why the mounts could not be made; the program ran without them. */
  readonly mountFailure?: string | undefined;
  /** Absent when there was nothing to ask, or the program ended first. */
  readonly verdict?: HealthVerdict | undefined;
  /** The page that was well. */
  readonly page?: HttpAnswer | undefined;
  /** Absent when it was stopped after the verdict. */
  readonly end?:
    { readonly exitCode: number | null; readonly endedBy: NodeJS.Signals | null } | undefined;
  /** Why it could not be started at all. */
  readonly startFailure?: string | undefined;
  /** Of what it wrote. */
  readonly lastLines: readonly string[];
}
