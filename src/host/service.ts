/** The app's service: one face for systemd units, docker containers and given commands. */
import type { JsonValue } from '../base/json-value.ts';

/** `failed`: not running, and the last run ended badly. `missing`: there is no such service. */
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
   * Keeps anybody from starting it until `release`: systemd `mask --runtime`, docker no restart
   * policy, commands nothing. May be called again. Returns what `release` needs, for a journal.
   */
  hold(options: { signal?: AbortSignal | undefined }): Promise<JsonValue>;
  release(held: JsonValue, options: { signal?: AbortSignal | undefined }): Promise<void>;
}
