/** The writer as a running child of a test or of the demo. */
import { fileURLToPath } from 'node:url';
import { startProgram } from '../run-program.ts';

const program = fileURLToPath(new URL('./wishlist-writer.ts', import.meta.url));

export interface WriterOptions {
  readonly opsPerSecond?: number;
  readonly seed?: number;
  /** Torn and replaced pictures, too. */
  readonly hostile?: boolean;
}

export interface WishlistWriter extends AsyncDisposable {
  readonly pid: number;
  /** Number of the last commit it told of. */
  commits(): number;
  /** Waits until that commit was told; throws if the writer ends before. */
  reach(commit: number): Promise<void>;
  /** SIGTERM, as a service manager stops the app; throws if it does not end cleanly. */
  stop(): Promise<void>;
  /** SIGKILL: the `-wal` stays behind. */
  kill(): Promise<void>;
}

/** Resolves after its first commit. */
export async function startWishlistWriter(
  root: string,
  { opsPerSecond = 50, seed = 1, hostile = false }: WriterOptions = {},
): Promise<WishlistWriter> {
  const args = ['--ops-per-second', String(opsPerSecond), '--seed', String(seed)];
  const more = hostile ? ['--hostile'] : [];
  const running = startProgram([process.execPath, program, root, ...args, ...more]);
  let commits = 0;
  let ended = false;
  let waiting: { commit: number; done: () => void }[] = [];
  const wake = () => {
    for (const { done } of waiting.filter(({ commit }) => ended || commits >= commit)) done();
    waiting = waiting.filter(({ commit }) => !ended && commits < commit);
  };
  const reading = (async () => {
    for await (const line of running.lines) {
      commits = Number(line.split(' ')[1]);
      wake();
    }
    ended = true;
    wake();
  })();
  const writer: WishlistWriter = {
    pid: running.pid,
    commits: () => commits,
    async reach(commit) {
      if (commits < commit && !ended) {
        await new Promise<void>((done) => waiting.push({ commit, done }));
      }
      if (commits < commit) throw new Error(`the writer ended at ${commits}: ${running.stderr()}`);
    },
    async stop() {
      running.signal('SIGTERM');
      const { exitCode } = await running.ended();
      await reading;
      if (exitCode !== 0) throw new Error(`the writer failed: ${running.stderr()}`);
    },
    async kill() {
      running.signal('SIGKILL');
      await running.ended();
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
  await writer.reach(1);
  return writer;
}
