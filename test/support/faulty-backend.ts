/** A backend that fails on command. Unplanned calls go through to the real one. */
import type { Clock } from '../../src/base/clock.ts';
import type {
  Backend,
  CallOptions,
  FileHandle,
  FileKind,
  ListedFile,
  LoadOptions,
} from '../../src/backend/backend.ts';
import { handlePath } from '../../src/backend/layout.ts';
import { WrappedBackend } from '../../src/backend/wrapped-backend.ts';

export type FaultyMethod = 'create' | 'save' | 'load' | 'stat' | 'list' | 'remove';

/** Thrown at the moment of death and by every later call. */
export class SimulatedKill extends Error {
  override readonly name = 'SimulatedKill';
}

interface Fault {
  readonly error?: unknown;
  readonly delayMs: number;
  readonly when: 'before' | 'after';
  readonly applies: (handle: FileHandle | undefined) => boolean;
  timesLeft: number;
}

export interface FaultPlan {
  /** How many calls in all; 1 unless said. */
  repeat(times: number): FaultPlan;
  /** Only calls on such files. */
  on(applies: (handle: FileHandle) => boolean): FaultPlan;
  /** The call is carried out, and then its answer is lost. */
  afterwards(): FaultPlan;
}

export interface Mutation {
  readonly operation: 'create' | 'save' | 'remove';
  /** Place in the repository. */
  readonly file: string;
}

export class FaultyBackend extends WrappedBackend {
  readonly #clock: Clock | undefined;
  readonly #faults = new Map<FaultyMethod, Fault[]>();
  readonly #mutations: Mutation[] = [];
  #killAt = Number.POSITIVE_INFINITY;
  #killAfterwards = false;
  #begun = 0;
  #dead = false;
  #truncateTo: { lengthBytes: number; applies: (handle: FileHandle) => boolean } | undefined;
  #flip: { bitIndex: number; applies: (handle: FileHandle) => boolean } | undefined;

  /** `clock` is needed for delays only. */
  constructor(inner: Backend, clock?: Clock) {
    super(inner);
    this.#clock = clock;
  }

  /** Every changing call that succeeded, in order. */
  get mutations(): readonly Mutation[] {
    return this.#mutations;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The next call of `method` fails. Plans of one method are used up in the order they were made. */
  fail(method: FaultyMethod, error: unknown): FaultPlan {
    return this.#plan(method, { error, delayMs: 0, when: 'before' });
  }

  /** The next call of `method` takes this much longer. */
  delay(method: FaultyMethod, delayMs: number): FaultPlan {
    return this.#plan(method, { delayMs, when: 'before' });
  }

  /**
   * Dies at the n-th changing call from now (from 1): before it is carried out or, with
   * `carriedOut`, just after. Everything later is refused.
   */
  failAtOperation(n: number, { carriedOut = false }: { carriedOut?: boolean } = {}): void {
    this.#killAt = this.#begun + n;
    this.#killAfterwards = carriedOut;
  }

  /** A store that breaks its promise: keeps the first bytes of a save and calls it a success. */
  shortWrites(lengthBytes: number, applies: (handle: FileHandle) => boolean = () => true): void {
    this.#truncateTo = { lengthBytes, applies };
  }

  /** Loads come back with one bit turned (index within the whole file). */
  flips(bitIndex: number, applies: (handle: FileHandle) => boolean = () => true): void {
    this.#flip = { bitIndex, applies };
  }

  override create(options?: CallOptions): Promise<void> {
    const mutation: Mutation = { operation: 'create', file: '' };
    return this.#mutate(mutation, undefined, () => this.inner.create(options));
  }

  override save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    const truncate = this.#truncateTo;
    const stored =
      truncate?.applies(handle) === true ? bytes.subarray(0, truncate.lengthBytes) : bytes;
    const mutation: Mutation = { operation: 'save', file: handlePath(handle) };
    return this.#mutate(mutation, handle, () => this.inner.save(handle, stored, options));
  }

  override remove(handle: FileHandle, options?: CallOptions): Promise<void> {
    const mutation: Mutation = { operation: 'remove', file: handlePath(handle) };
    return this.#mutate(mutation, handle, () => this.inner.remove(handle, options));
  }

  override async load(handle: FileHandle, options: LoadOptions = {}): Promise<Uint8Array> {
    const bytes = await this.#faulty('load', handle, () => this.inner.load(handle, options));
    if (this.#flip?.applies(handle) !== true) return bytes;
    const { bitIndex } = this.#flip;
    const at = (bitIndex >> 3) - (options.offsetBytes ?? 0);
    const before = bytes[at];
    if (before !== undefined) bytes[at] = before ^ (1 << (bitIndex & 7));
    return bytes;
  }

  override stat(handle: FileHandle, options?: CallOptions): Promise<{ sizeBytes: number }> {
    return this.#faulty('stat', handle, () => this.inner.stat(handle, options));
  }

  /** With `afterwards` it fails when half of the files (at least one) were listed. */
  override async *list(kind: FileKind, options?: CallOptions): AsyncGenerator<ListedFile> {
    this.#refuseIfDead();
    const fault = this.#take('list', { kind, name: '' });
    await this.#pause(fault);
    if (fault?.when === 'before' && 'error' in fault) throw fault.error;
    if (fault === undefined || fault.when === 'before') {
      yield* this.inner.list(kind, options);
      return;
    }
    const files = await Array.fromAsync(this.inner.list(kind, options));
    yield* files.slice(0, Math.ceil(files.length / 2));
    throw fault.error;
  }

  async #mutate(
    mutation: Mutation,
    handle: FileHandle | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    await this.#faulty(mutation.operation, handle, async () => {
      this.#begun += 1;
      const isLast = this.#begun >= this.#killAt;
      if (isLast) this.#dead = true;
      if (isLast && !this.#killAfterwards) this.#refuseIfDead();
      await work();
      this.#mutations.push(mutation);
      if (isLast) this.#refuseIfDead();
    });
  }

  async #faulty<R>(
    method: FaultyMethod,
    handle: FileHandle | undefined,
    work: () => Promise<R>,
  ): Promise<R> {
    this.#refuseIfDead();
    const fault = this.#take(method, handle);
    await this.#pause(fault);
    if (fault?.when === 'before' && 'error' in fault) throw fault.error;
    const result = await work();
    if (fault?.when === 'after') throw fault.error;
    return result;
  }

  #refuseIfDead(): void {
    if (this.#dead) throw new SimulatedKill('the process was killed here');
  }

  async #pause(fault: Fault | undefined): Promise<void> {
    if (fault === undefined || fault.delayMs === 0) return;
    if (this.#clock === undefined) throw new Error('a delay needs a clock');
    await this.#clock.sleep(fault.delayMs);
  }

  #take(method: FaultyMethod, handle: FileHandle | undefined): Fault | undefined {
    const queue = this.#faults.get(method) ?? [];
    const fault = queue.find(({ timesLeft, applies }) => timesLeft > 0 && applies(handle));
    if (fault !== undefined) fault.timesLeft -= 1;
    return fault;
  }

  #plan(method: FaultyMethod, facts: Pick<Fault, 'error' | 'delayMs' | 'when'>): FaultPlan {
    const queue = this.#faults.get(method) ?? [];
    this.#faults.set(method, queue);
    const at = queue.push({ ...facts, timesLeft: 1, applies: () => true }) - 1;
    const change = (changes: Partial<Fault>): FaultPlan => {
      queue[at] = { ...(queue[at] as Fault), ...changes };
      return plan;
    };
    const plan: FaultPlan = {
      repeat: (times) => change({ timesLeft: times }),
      on: (applies) => change({ applies: (handle) => handle !== undefined && applies(handle) }),
      afterwards: () => change({ when: 'after' }),
    };
    return plan;
  }
}
