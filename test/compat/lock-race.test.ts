/** Processes that take locks without a wait between writing and looking, restic among them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireTool } from '../support/require-tool.ts';
import { startProgram } from '../support/run-program.ts';

const RACER = fileURLToPath(new URL('../support/lock-racer-main.ts', import.meta.url));
const RACE_MS = 6_000;
/**
 * What restic 0.14 says of a lock that it listed and that was given back before it was opened. It
 * takes this for storage that fails for a moment, tries ten times more, for 57 s as a rule, and only
 * then passes that lock over; a link in `locks/` that leads nowhere shows the same without any lock
 * of ours. Source: restic v0.14.0 internal/backend/backend_retry.go `Load`, cmd/restic/global.go
 * `NewRetryBackend(be, 10, …)`, internal/restic/lock.go `checkForOtherLocks`. Since 0.17 it does not
 * look again for a file that is gone (internal/backend/retry/backend_retry.go `IsPermanentError`).
 */
const LOOKS_FOR_LOCK_THAT_WENT = /^Load\(<lock\/.*no such file or directory$/;

test.skipIf(!requireTool('restic'))(
  'of many processes that ask for a lock at once never two get what excludes each other',
  async () => {
    await using lab = await openCompatLab();
    await lab.initQuickly();
    const inside = lab.join('inside');
    mkdirSync(inside);
    const racers = [1, 2, 3].map((seed) => race(lab, inside, seed));
    const timesResticWasInside = await raceWithRestic(lab, inside);
    const timesInside = await Promise.all(racers);
    expect(Math.min(...timesInside)).toBeGreaterThan(0);
    expect(timesResticWasInside).toBeGreaterThan(0);
  },
);

async function race(lab: CompatLab, inside: string, seed: number): Promise<number> {
  const argv = [process.execPath, RACER, lab.repository, PASSWORD, inside];
  await using racer = startProgram([...argv, `${RACE_MS}`, `${seed}`]);
  const lines = await Array.fromAsync(racer.lines);
  const { exitCode } = await racer.ended();
  if (exitCode !== 0) throw new Error(racer.stderr());
  return Number(lines[0]);
}

async function raceWithRestic(lab: CompatLab, inside: string): Promise<number> {
  const endAtMs = systemClock.monotonicMs() + RACE_MS;
  let times = 0;
  while (systemClock.monotonicMs() < endAtMs) {
    if (await holdWithRestic(lab, inside)) times += 1;
  }
  return times;
}

/**
 * restic keeps a shared lock until its standard input ends. False when it did not get one. It is
 * ended where it would look for a lock that went; one that hangs for any other reason is waited for.
 */
async function holdWithRestic(lab: CompatLab, inside: string): Promise<boolean> {
  const env = { ...process.env, RESTIC_REPOSITORY: lab.repository, RESTIC_PASSWORD: PASSWORD };
  const argv = ['--no-cache', '--verbose', 'backup', '--stdin'];
  const restic = spawn('restic', argv, { env, stdio: 'pipe' });
  restic.stdin.on('error', () => {}); // it may be gone
  const ended = once(restic, 'close');
  createInterface({ input: restic.stderr }).on('line', (line) => {
    if (LOOKS_FOR_LOCK_THAT_WENT.test(line)) restic.kill('SIGKILL');
  });
  let got = false;
  for await (const line of createInterface({ input: restic.stdout })) {
    if (line !== 'load index files') continue; // it comes right after the lock
    got = true;
    mkdirSync(`${inside}/restic`);
    for (let look = 0; look < 20; look += 1) {
      if (existsSync(`${inside}/ours`)) throw new Error('one of ours is inside, too');
      await systemClock.sleep(2);
    }
    rmdirSync(`${inside}/restic`);
    restic.stdin.end('content');
  }
  const [, endedBy] = (await ended) as [unknown, NodeJS.Signals | null];
  if (endedBy !== null) await lab.keepsake(['unlock']); // its lock would keep all others out
  return got;
}
