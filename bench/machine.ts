/** What a result depends on: machine, file system, versions, key parameters, and who else works. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../test/support/run-program.ts';
import type { Sitting } from './result-file.ts';
import { tools } from './tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function describeMachine(
  dataFolder: string,
  emptyRepository: string,
): Promise<string[]> {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const fileSystem = await firstLine(['findmnt', '-no', 'FSTYPE', '-T', dataFolder]);
  const versions: string[] = [];
  for (const { version } of tools) versions.push(await firstLine(version));
  const sqlite = (await firstLine(['sqlite3', '--version'])).split(' ')[0];
  return [
    `machine: ${cpus().length} × ${model}, ${memory}, Linux ${release()}, ${fileSystem}`,
    `programs: Node ${process.versions.node}; ${versions.join('; ')}; sqlite3 ${sqlite}`,
    `key file of restic and Keepsake alike: ${describeKey(emptyRepository)}`,
  ];
}

function describeKey(repository: string): string {
  const folder = join(repository, 'keys');
  const [name = ''] = readdirSync(folder);
  const { kdf, N, r, p } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    kdf: string;
    N: number;
    r: number;
    p: number;
  };
  return `${kdf} N=${N} r=${r} p=${p}, made by restic`;
}

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout } = await runProgram(argv, { cwd: root }).catch(() => ({ stdout: '' }));
  return stdout.split('\n')[0]?.trim() || `${argv.join(' ')} (no answer)`;
}

/** The commit, marked when `src` has changes on top of it. */
export async function describeCommit(): Promise<string> {
  const commit = await firstLine(['git', 'rev-parse', '--short', 'HEAD']);
  const { stdout } = await runProgram(['git', 'status', '--porcelain', 'src', 'bin'], {
    cwd: root,
  });
  return stdout.trim() === '' ? commit : `${commit} and changes`;
}

/** Of all that was built: tells one state of the program from another. */
export function hashBuild(): string {
  const hash = createHash('sha256');
  const dist = join(root, 'dist');
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names.filter((one) => one.endsWith('.js'))) {
    hash.update(`${name}\0`).update(readFileSync(join(dist, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const WATCH_MS = 2000;
const QUIET_LOAD = 0.5;
/** Measured: 43 of CPU time, after removals 400 and more (workshop.ts says why). */
const QUICK_CREATE_US = 150;

/**
 * Looks for other work on the machine: the load of the last minute, and two seconds from now.
 * `folder` is to be one in which files will be created.
 */
export async function lookAround(folder: string): Promise<Sitting> {
  const startedAt = new Date().toISOString();
  const loadAverage = loadavg()[0] ?? 0;
  const before = processorTimes();
  await sleep(WATCH_MS);
  const after = processorTimes();
  const idleShare = (after.idle - before.idle) / Math.max(1, after.all - before.all);
  const busyShare = Math.max(0, 1 - idleShare);
  return { startedAt, loadAverage, busyShare, createUs: timeCreation(folder) };
}

const PROBES = 4000;

function timeCreation(folder: string): number {
  const probes = join(folder, 'probes');
  mkdirSync(probes);
  const startedMs = performance.now();
  for (let at = 0; at < PROBES; at += 1) writeFileSync(join(probes, String(at)), '.');
  return ((performance.now() - startedMs) * 1000) / PROBES;
}

function processorTimes(): { idle: number; all: number } {
  let [idle, all] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    all += Object.values(times).reduce((sum, one) => sum + one, 0);
  }
  return { idle, all };
}

/** What to print before anything is measured. */
export function describeSitting({ loadAverage, busyShare, createUs }: Sitting): string {
  const lines = [
    `load average ${loadAverage.toFixed(2)}, processors ${showShare(busyShare)} busy, a file created in ${createUs.toFixed(0)} µs`,
  ];
  if (loadAverage > QUIET_LOAD) {
    lines.push(
      `WARNING: a load above ${QUIET_LOAD}: something runs, or has just run; times will be too long`,
    );
  }
  if (createUs > QUICK_CREATE_US) {
    lines.push(
      `WARNING: creating files takes more than ${QUICK_CREATE_US} µs each, as it does for minutes after many were removed: restores will be too slow`,
    );
  }
  return lines.join('\n');
}

const showShare = (share: number) => `${(share * 100).toFixed(0)} %`;
