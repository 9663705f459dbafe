/**
 * `node:fs` of this process with a counter on every call that changes something below a folder: the
 * process dies at the n-th, after which nothing below that folder changes any more, or the disk is
 * full from the n-th on. For code that writes through `node:fs` itself. What goes through libc
 * (times, attributes) is not counted.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SystemCallError } from '../../src/host/system-call-error.ts';

export class SimulatedDeath extends Error {
  override readonly name = 'SimulatedDeath';
}

export interface MortalPlan {
  /** The call, from 1. Default: none. */
  readonly at?: number;
  /**
   * Dies before the call, after it, or, if it writes or removes a folder, after its first half; or
   * finds the disk full from then on. Default `before`.
   */
  readonly moment?: 'before' | 'half' | 'after' | 'full';
  /** Default: throws, now and at every later call. */
  readonly die?: (call: string) => never;
}

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const BY_PATH = (
  'mkdir rename link symlink unlink rmdir rm chmod mkdtemp ' +
  'lchown chown utimes lutimes truncate writeFile copyFile'
).split(' ');
const BY_DESCRIPTOR = ['write', 'writev', 'ftruncate', 'fchmod', 'fchown', 'futimes', 'fsync'];
const OF_FILE_HANDLE = ['write', 'writeFile', 'truncate', 'chmod', 'chown', 'utimes', 'sync'];
/** What takes room on the disk. */
const FILLING = /^(open|write|mkdir|symlink|link|ftruncate|truncate|copyFile)/;
/** A folder as a whole. */
const REMOVING = /^rm(Sync)?$/;
/** What is made is their second argument. */
const LINKING = /^(link|symlink|copyFile)/;

export class MortalFiles implements Disposable {
  readonly #folder: string;
  readonly #plan: Required<MortalPlan>;
  readonly #descriptors = new Set<unknown>();
  readonly #undo: (() => void)[] = [];
  /** Changing calls so far. */
  calls = 0;

  constructor(folder: string, plan: MortalPlan = {}) {
    this.#folder = folder;
    this.#plan = { at: Number.POSITIVE_INFINITY, moment: 'before', die: throwDeath, ...plan };
    const [plain, promises] = [fs as unknown as Calls, fs.promises as unknown as Calls];
    for (const name of BY_PATH) {
      const covers = (args: unknown[]) => this.#covers(args[LINKING.test(name) ? 1 : 0]);
      this.#guard(plain, `${name}Sync`, covers);
      this.#guard(promises, name, covers);
    }
    for (const name of BY_DESCRIPTOR) {
      const covers = ([descriptor]: unknown[]) => this.#descriptors.has(descriptor);
      this.#guard(plain, `${name}Sync`, covers);
      this.#guard(plain, name, covers);
    }
    this.#guardOpening(plain, promises);
    syncBuiltinESMExports();
  }

  /** Whether the planned call came. */
  get reached(): boolean {
    return this.calls >= this.#plan.at;
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
    syncBuiltinESMExports();
  }

  #guard(owner: Calls, name: string, covers: (args: unknown[]) => boolean): void {
    if (owner[name] === undefined) return; // not of this platform
    this.#replace(owner, name, (original) => (...args) => {
      return covers(args) ? this.#meet(name, args, original) : original(...args);
    });
  }

  #guardOpening(plain: Calls, promises: Calls): void {
    const covers = ([path, flags]: unknown[]) => this.#covers(path) && isWriting(flags);
    this.#replace(plain, 'openSync', (original) => (...args) => {
      if (!covers(args)) return original(...args);
      const descriptor = this.#meet('open', args, original);
      this.#descriptors.add(descriptor);
      return descriptor;
    });
    this.#replace(plain, 'closeSync', (original) => (descriptor) => {
      this.#descriptors.delete(descriptor);
      return original(descriptor);
    });
    this.#replace(promises, 'open', (original) => async (...args) => {
      if (!covers(args)) return original(...args);
      const handle = (await this.#meet('open', args, original)) as Calls;
      for (const name of OF_FILE_HANDLE) {
        const method = handle[name]?.bind(handle);
        if (method !== undefined) handle[name] = (...given) => this.#meet(name, given, method);
      }
      return handle;
    });
  }

  #replace(owner: Calls, name: string, wrap: (original: Call) => Call): void {
    const original = owner[name];
    if (original === undefined) return;
    owner[name] = wrap(original);
    this.#undo.push(() => {
      owner[name] = original;
    });
  }

  #covers(path: unknown): boolean {
    return `${String(path)}/`.startsWith(`${this.#folder}/`);
  }

  #meet(name: string, args: unknown[], perform: Call): unknown {
    this.calls += 1;
    const { at, moment, die } = this.#plan;
    if (this.calls < at) return perform(...args);
    if (moment === 'full') {
      if (FILLING.test(name)) throw new SystemCallError(name, this.#folder, constants.errno.ENOSPC);
      return perform(...args);
    }
    if (this.calls > at || moment === 'before') return die(name);
    const calls = moment === 'half' ? halved(name, args) : [args];
    const done = calls.map((each) => perform(...each));
    return done[0] instanceof Promise ? Promise.all(done).then(() => die(name)) : die(name);
  }
}

function throwDeath(call: string): never {
  throw new SimulatedDeath(`the process was killed at ${call}`);
}

/** Of `writeSync(descriptor, bytes, offset, length, position)`, `handle.writeFile(bytes)`, `rm(path)`. */
function halved(name: string, args: unknown[]): unknown[][] {
  const [first, bytes, offset, length, position] = args;
  if (REMOVING.test(name)) return halfOf(String(first)).map((path) => [path]);
  if (name === 'writeFile' && first instanceof Uint8Array) {
    return [[first.subarray(0, first.length >> 1)]];
  }
  if (name !== 'writeSync' || typeof length !== 'number') return [args];
  return [[first, bytes, offset, length >> 1, position]];
}

/** Those files below that come first. */
function halfOf(folder: string): string[] {
  if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const half = files.slice(0, Math.ceil(files.length / 2));
  return half.map(({ parentPath, name }) => join(parentPath, name));
}

function isWriting(flags: unknown): boolean {
  if (typeof flags !== 'number') return flags !== undefined && flags !== 'r';
  return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
}
