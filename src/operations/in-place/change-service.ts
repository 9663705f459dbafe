/** The app's service during a change: stopped and held, and in the end as it was before. */
import { describeCause, isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { JsonValue } from '../../base/json-value.ts';
import type { ServiceConfig, ServiceControl, ServiceState } from '../../host/service.ts';
import type { ChangeJournal, JournalFile } from './change-journal.ts';

/** More than systemd's own limit of 90 s, so that it is systemd that kills, in an orderly way. */
const STOP_LIMIT_MS = 120_000;
const START_LIMIT_MS = 120_000;

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

export interface ChangeServiceOptions {
  readonly journal: JournalFile;
  readonly clock: Clock;
  /** Absent: the config names none. */
  readonly control: ServiceControl | undefined;
  /** Throws when the app is not well; absent: there is nothing to ask. */
  readonly probe: ((options: Abortable) => Promise<'well' | 'not asked'>) | undefined;
  /** Throws `CHANGE_DATABASE_IN_USE`. */
  readonly assertUnused: () => void;
  /** What could not be done and does not matter enough to fail for. */
  readonly warn: (message: string) => void;
}

export class ChangeService {
  readonly #options: ChangeServiceOptions;
  #isStopped = false;
  #stoppedMs: number | undefined;
  #startMs: number | undefined;
  /** The app was started again and answered well. */
  #answers = false;

  constructor(options: ChangeServiceOptions) {
    this.#options = options;
  }

  /** Also after a crash or a reboot, whatever state it is in then. */
  async stop({ signal }: Abortable): Promise<void> {
    if (this.#isStopped || this.#options.journal.value.live === true) return;
    const { journal, control, assertUnused } = this.#options;
    if (control === undefined) {
      if (journal.value.serviceBefore === undefined)
        await journal.update({ serviceBefore: 'none' });
    } else {
      await this.#noteStateBefore(control, signal);
      await journal.mark();
      await this.#stop(control, signal);
      this.#stoppedMs = this.#options.clock.monotonicMs();
      await this.#hold(control, signal);
    }
    assertUnused();
    this.#isStopped = true;
  }

  /** What runs from here on may start it: the next stop looks again, also on the way back. */
  expectStart(): void {
    this.#isStopped = false;
  }

  /** The way back does not end where what stops the app is gone with its folder, as long as it is down. */
  async #stop(control: ServiceControl, signal: AbortSignal | undefined): Promise<void> {
    const { journal, warn } = this.#options;
    try {
      await control.stop({ limitMs: STOP_LIMIT_MS, signal });
    } catch (error) {
      if (journal.value.direction !== 'back') throw error;
      const state = await control.state({ signal });
      const isUnseen = state === 'unknown' && isKeepsakeError(error, 'HOST_PROGRAM_FAILED');
      if (state !== 'stopped' && state !== 'failed' && !isUnseen) throw error;
      warn(`${describeCause(error)}. Nothing is seen of the app: it counts as stopped`);
    }
  }

  async #hold(control: ServiceControl, signal: AbortSignal | undefined): Promise<void> {
    const { journal, warn } = this.#options;
    const record = (held: JsonValue): Promise<void> => journal.update({ held });
    const onWeak = (why: string): void =>
      warn(
        `the ${control.description} would start again with the machine (${why}): do not restart it before this has ended`,
      );
    const lasting = { marker: journal.marker, onWeak };
    await control.hold({ signal, record, known: journal.value.held, lasting });
    if ((await control.state({ signal })) !== 'running') return;
    const reason = 'it was started again meanwhile';
    throw new KeepsakeError('SERVICE_STOP_FAILED', { service: control.description, reason });
  }

  async #noteStateBefore(control: ServiceControl, signal: AbortSignal | undefined): Promise<void> {
    const { journal } = this.#options;
    if (journal.value.serviceBefore !== undefined) return;
    const state = await control.state({ signal });
    const serviceBefore = knownState(state, { control, service: journal.value.app.service });
    await journal.update({ serviceBefore });
  }

  /** A service that had failed is started, too: often its data was the cause. */
  async start({ signal }: Abortable): Promise<void> {
    const { journal } = this.#options;
    const before = journal.value.serviceBefore;
    const isWanted = before === 'running' || before === 'failed';
    if (isWanted) await journal.update({ wasStarted: true });
    await this.letGo({ signal });
    if (isWanted) await this.#start(signal);
  }

  async probe(options: Abortable): Promise<void> {
    const { journal, probe } = this.#options;
    const { serviceBefore, live } = journal.value;
    if (serviceBefore === 'stopped' || (serviceBefore === undefined && live !== true)) return;
    await probe?.(options);
  }

  /** The end of the way back. */
  async restoreState(): Promise<void> {
    const { journal, probe, warn } = this.#options;
    await this.letGo({});
    if (journal.value.serviceBefore !== 'running') return;
    await this.#start(undefined);
    try {
      this.#answers = (await probe?.({})) === 'well';
    } catch (error) {
      warn(`the old state is back, but the app is not well: ${String(error)}`);
    }
  }

  /** For the end of a message. */
  describeNow(): string {
    const { control, journal } = this.#options;
    if (control === undefined || journal.value.live === true) return '';
    const before = journal.value.serviceBefore;
    const name = `The ${control.description.replace(/^the /, '')}`;
    return before === 'running'
      ? `${name} runs again${this.#answers ? ' and answers' : ''}.`
      : `${name} is ${before ?? 'as it was'}, as it was before.`;
  }

  /** Whoever wants may start it again: scripts that stop and start it themselves do. */
  async letGo({ signal }: Abortable): Promise<void> {
    const { journal, control } = this.#options;
    this.#isStopped = false;
    const { held } = journal.value;
    await journal.unmark();
    if (control !== undefined && held !== undefined) await control.release(held, { signal });
  }

  /** From "stop returned" to "start issued": what Keepsake itself adds to the time without the app. */
  get ownDowntimeMs(): number | undefined {
    const [from, to] = [this.#stoppedMs, this.#startMs];
    return from === undefined || to === undefined ? undefined : to - from;
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    this.#startMs = this.#options.clock.monotonicMs();
    await this.#options.control?.start({ limitMs: START_LIMIT_MS, signal });
  }
}

/** Throws `CHANGE_SERVICE_UNFIT` where it cannot be stopped for certain. */
export function knownState(
  state: ServiceState,
  { control, service }: { control: ServiceControl; service: ServiceConfig | undefined },
): NonNullable<ChangeJournal['serviceBefore']> {
  // Given commands cannot tell, without a page to ask; whoever gives them has an app that runs.
  if (state === 'unknown' && service?.commands !== undefined) return 'running';
  if (state === 'missing' || state === 'unknown') {
    throw new KeepsakeError('CHANGE_SERVICE_UNFIT', { service: control.description, state });
  }
  return state;
}
