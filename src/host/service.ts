/** The app's service: one face for systemd units, docker containers and given commands. */
import type { Clock } from '../base/clock.ts';
import type { JsonValue } from '../base/json-value.ts';
import type { Account } from './accounts.ts';
import type { Environment } from './command-environment.ts';

/**
 * `running`: also while it starts, stops, or waits to be started again after a crash. `failed`: it is
 * not, and the last run ended badly. `missing`: there is no such service.
 */
export type ServiceState = 'running' | 'stopped' | 'failed' | 'missing' | 'unknown';

export interface ServiceControl {
  /** For messages: "systemd unit wishlist.service". */
  readonly description: string;
  state(options: { signal?: AbortSignal | undefined }): Promise<ServiceState>;
  /**
   * Resolves once it is stopped for certain.
   *
   * @throws SERVICE_STOP_FAILED, SERVICE_STOP_TIMEOUT
   */
  stop(options: { limitMs: number; signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Resolves once the manager calls it started.
   *
   * @throws SERVICE_START_FAILED
   */
  start(options: { limitMs: number; signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Keeps anybody from starting it until `release`, also what would start it by itself. Call it
   * after `stop`, and ask for the state once more then: a masked unit has lost its own way to stop.
   * May be called again. Returns what `release` needs, for a journal.
   *
   * @throws SERVICE_HOLD_FAILED
   */
  hold(options: HoldOptions): Promise<JsonValue>;
  /**
   * As it was before `hold`; may be called again.
   *
   * @throws SERVICE_RELEASE_FAILED
   */
  release(held: JsonValue, options: { signal?: AbortSignal | undefined }): Promise<void>;
}

export interface HoldOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what `release` will need before anything is changed, so that a crash cannot lose it. */
  readonly record?: ((held: JsonValue) => Promise<void>) | undefined;
  /** What `record` was told by a hold that a crash cut off: the facts now are no longer the first. */
  readonly known?: JsonValue | undefined;
  readonly lasting?: LastingHold | undefined;
}

/** Goes on when the machine is started anew in between. */
export interface LastingHold {
  /** A file that exists for as long as nobody may start the service. */
  readonly marker: string;
  /** It cannot be had here: whatever starts with the machine may start the service then. */
  readonly onWeak: (why: string) => void;
}

/** Exactly one of these, as in the config. */
export interface ServiceConfig {
  readonly systemd?: string | undefined;
  readonly docker?: string | undefined;
  readonly commands?:
    { readonly stop: readonly string[]; readonly start: readonly string[] } | undefined;
}

/** What a service needs of the machine. */
export interface ServiceHost {
  readonly clock: Clock;
  /** Keepsake's own; a service's programs never get the passwords in it. */
  readonly environment: Environment;
  /** Whom, where and with what given commands run. */
  readonly commands?:
    | {
        readonly runAs?: Account | undefined;
        readonly workingFolder?: string | undefined;
        readonly environment?: Environment | undefined;
      }
    | undefined;
  /** Tells whether the app answers, for given commands, which have no other way to know. */
  readonly isUp?: ((signal?: AbortSignal) => Promise<boolean>) | undefined;
}
