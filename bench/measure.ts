/** Runs a command and says how long it took and how much memory all of its processes held. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measurement {
  readonly wallMs: number;
  /** Peak of the summed PSS of the process and all below it; only when asked for. */
  readonly peakPssBytes?: number;
}

export interface MeasureOptions {
  /**
   * Sampling takes a share of a core, so that a run is measured either for its time or for its memory,
   * never for both.
   */
  readonly memory?: boolean;
}

const SAMPLE_EVERY_MS = 20;

/** Throws with what the command said if it does not exit with 0. */
export async function measure(
  { argv, cwd, env }: Command,
  { memory = false }: MeasureOptions = {},
): Promise<Measurement> {
  const [program = '', ...args] = argv;
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors = text(child.stderr);
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild); // an interrupted benchmark leaves nothing running
  const sampler = memory ? new MemorySampler(child.pid ?? -1) : undefined;
  try {
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    const wallMs = performance.now() - startedAt;
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit ${exitCode}\n${await errors}`);
    return sampler === undefined ? { wallMs } : { wallMs, peakPssBytes: sampler.peakBytes };
  } finally {
    process.off('exit', killChild);
    sampler?.stop();
  }
}

/** The steps of one act, one after the other: times add up, of the memory the largest counts. */
export async function measureAll(
  commands: readonly Command[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  let wallMs = 0;
  let peakPssBytes = 0;
  for (const command of commands) {
    const one = await measure(command, options);
    wallMs += one.wallMs;
    peakPssBytes = Math.max(peakPssBytes, one.peakPssBytes ?? 0);
  }
  return options.memory === true ? { wallMs, peakPssBytes } : { wallMs };
}

class MemorySampler {
  peakBytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.peakBytes = Math.max(this.peakBytes, treePssBytes(pid));
    }, SAMPLE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Shared pages count once over all their holders, so that the sum is what the tree really takes. */
export function treePssBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const own = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
    return childrenOf(pid).reduce((sum, child) => sum + treePssBytes(child), own);
  } catch {
    return 0; // it ended while it was being looked at
  }
}

/** Threads start children too, each has a list of its own (proc(5), CONFIG_PROC_CHILDREN). */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  });
}

/** False on a system whose kernel does not tell what is needed. */
export function canMeasureMemory(): boolean {
  return (
    existsSync('/proc/self/smaps_rollup') &&
    existsSync(`/proc/${process.pid}/task/${process.pid}/children`)
  );
}
