/** Asks an app for a page until it is well, known to be ill, or out of time. */
import type { Clock } from '../base/clock.ts';
import { describeCause } from '../base/errors/keepsake-error.ts';
import { requestOnce, type HttpAnswer } from './http-request.ts';

/** As in the config. */
export interface HealthCheck {
  readonly url: string;
  readonly status: number;
  readonly not: readonly {
    readonly status: number;
    readonly location?: string | undefined;
    readonly means: string;
  }[];
}

export interface ProbeOptions {
  readonly clock: Clock;
  /** For all tries together. */
  readonly limitMs: number;
  /** For one try. An app may be frozen for seconds by a lock on its database. */
  readonly tryMs?: number | undefined;
  readonly pauseMs?: number | undefined;
  /** How long a known bad answer must stay the same until it is believed. */
  readonly graceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type HealthVerdict =
  | { readonly kind: 'healthy'; readonly afterMs: number; readonly tries: number }
  | {
      readonly kind: 'unhealthy';
      /** What it answered. */
      readonly reason: string;
      /** What the config says that means. */
      readonly means: string | undefined;
      readonly tries: number;
    }
  | { readonly kind: 'timeout'; readonly lastError: string; readonly tries: number };

const TRY_MS = 5000;
/** What the last try gets at least: one cut short would say nothing of the app. */
const LAST_TRY_MS = 1000;
const PAUSE_MS = 250;
const GRACE_MS = 3000;
/** From a web server in front of an app that is still starting: no verdict before the limit. */
const GATEWAY = new Set([502, 503, 504]);

type Outcome =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'silent'; readonly error: string }
  | {
      readonly kind: 'bad';
      readonly reason: string;
      readonly means: string | undefined;
      readonly mayPass: boolean;
    };

/** Never throws for what the app or the network does; rejects with `signal.reason` when aborted. */
export async function probeHealth(
  check: HealthCheck,
  options: ProbeOptions,
): Promise<HealthVerdict> {
  const { clock, limitMs, pauseMs = PAUSE_MS, graceMs = GRACE_MS, signal } = options;
  const startMs = clock.monotonicMs();
  let since: { readonly reason: string; readonly atMs: number } | undefined;
  for (let tries = 1; ; tries += 1) {
    const leftMs = limitMs - (clock.monotonicMs() - startMs);
    const outcome = await tryOnce(check, options, leftMs);
    const nowMs = clock.monotonicMs();
    const isLast = nowMs - startMs + pauseMs >= limitMs;
    if (outcome.kind === 'healthy') return { kind: 'healthy', afterMs: nowMs - startMs, tries };
    if (outcome.kind === 'silent') {
      since = undefined;
      if (isLast) return { kind: 'timeout', lastError: outcome.error, tries };
    } else {
      const { reason, means } = outcome;
      if (since?.reason !== reason) since = { reason, atMs: nowMs };
      const isBelieved = !outcome.mayPass && nowMs - since.atMs >= graceMs;
      if (isBelieved || isLast) return { kind: 'unhealthy', reason, means, tries };
    }
    await clock.sleep(pauseMs, { signal });
  }
}

async function tryOnce(
  check: HealthCheck,
  { tryMs = TRY_MS, clock, signal }: ProbeOptions,
  leftMs: number,
): Promise<Outcome> {
  const limitMs = Math.min(tryMs, Math.max(leftMs, LAST_TRY_MS));
  try {
    return judge(check, await requestOnce(check.url, { clock, limitMs, signal }));
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'silent', error: describeCause(error) };
  }
}

/** What is known to be bad comes first: an app may be told to redirect when it is well, too. */
function judge({ url, status, not }: HealthCheck, answer: HttpAnswer): Outcome {
  const reason = describe(answer);
  const known = not.find(
    (bad) =>
      bad.status === answer.status &&
      (bad.location === undefined || leadsTo(bad.location, answer.location, url)),
  );
  if (known !== undefined) {
    return { kind: 'bad', reason, means: known.means, mayPass: GATEWAY.has(answer.status) };
  }
  if (answer.status === status) return { kind: 'healthy' };
  // Nobody said what this means, so it gets all the time there is.
  return { kind: 'bad', reason, means: undefined, mayPass: true };
}

function describe({ status, location }: HttpAnswer): string {
  return location === undefined ? `status ${status}` : `status ${status} to ${location}`;
}

/** `/setup-wizard` is meant with a host in front of it, and with steps and a query behind it, too. */
function leadsTo(wanted: string, location: string | undefined, url: string): boolean {
  if (location === undefined || !URL.canParse(location, url)) return false;
  if (location === wanted) return true;
  const { pathname, href } = new URL(location, url);
  return pathname === wanted || pathname.startsWith(`${wanted}/`) || href === wanted;
}
