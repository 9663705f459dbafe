/** `keepsake` processes that are stopped halfway, and what they leave behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PASSWORD } from './cli-lab.ts';
import type { CompatLab } from './compat-lab.ts';
import { keepsakeBin, startKeepsake } from './keepsake.ts';
import { startProgram, type RunningProgram } from './run-program.ts';

export function labEnvironment(lab: CompatLab): Record<string, string> {
  return { KEEPSAKE_PASSWORD: PASSWORD, KEEPSAKE_SCRATCH_DIR: lab.join('scratch') };
}

export interface StartOptions {
  /** Another Node than that of the tests. */
  readonly node?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

export function startIn(
  lab: CompatLab,
  args: readonly string[],
  { node, env: more }: StartOptions = {},
): RunningProgram {
  const home = lab.join('home');
  const all = ['-r', lab.repository, ...args];
  const env = { ...labEnvironment(lab), ...more };
  if (node === undefined) return startKeepsake(all, { home, env });
  const folders = { HOME: home, XDG_CACHE_HOME: join(home, '.cache') };
  return startProgram([node, keepsakeBin, ...all], { env: { ...env, ...folders } });
}

/** Processes of the group that `leader` began, itself included, that still run. */
export function groupMembers(leader: number): number[] {
  return allProcesses().filter((pid) => statOf(pid)?.group === leader);
}

/** Waits until nothing of the group runs; throws when something stays. */
export async function groupToEnd(leader: number): Promise<void> {
  for (let left = 100; groupMembers(leader).length > 0; left -= 1) {
    if (left === 0) throw new Error(`still there: ${groupMembers(leader).join(', ')}`);
    await sleep(20);
  }
}

export interface SeenProcess {
  readonly pid: number;
  /** In ticks since the machine's start: a number is given to another one soon. */
  readonly startedAt: string;
  readonly argv: string;
}

/** All that a process started, and that those started. */
export function descendantsOf(pid: number): SeenProcess[] {
  const stats = new Map(allProcesses().map((each) => [each, statOf(each)]));
  const found: SeenProcess[] = [];
  const ways = [pid];
  for (const above of ways) {
    for (const [each, stat] of stats) {
      if (stat?.parent !== above) continue;
      found.push({ pid: each, startedAt: stat.startedAt, argv: argvOf(each) });
      ways.push(each);
    }
  }
  return found;
}

export function isRunning({ pid, startedAt }: SeenProcess): boolean {
  return statOf(pid)?.startedAt === startedAt;
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function argvOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended meanwhile
  }
}

/** `undefined`: it has ended. */
function statOf(pid: number): { parent: number; group: number; startedAt: string } | undefined {
  try {
    // pid (name) state ppid pgrp …; the name may hold anything, a ) included.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, group] = fields;
    const startedAt = fields[19] ?? '';
    return state === 'Z' ? undefined : { parent: Number(parent), group: Number(group), startedAt };
  } catch {
    return undefined; // it ended meanwhile
  }
}

export function locksIn(lab: CompatLab): string[] {
  return readdirSync(join(lab.repository, 'locks'));
}

export function scratchOf(lab: CompatLab): string[] {
  return readdirSync(lab.join('scratch'));
}

/** Names of saves that were cut off, anywhere in the repository. */
export function temporaryFilesIn(repository: string): string[] {
  const names = readdirSync(repository, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.includes('-tmp-'));
}
