/** A restore in place on a disk that fills up on the way: old or new, whole, and the app runs. */
import { closeSync, cpSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lostFiles } from '../support/app-tree.ts';
import { crashStep, tellDeaths } from '../support/crash-steps.ts';
import { FillingDisk, TAKES_ROOM } from '../support/filling-disk.ts';
import type { FileLayerCall } from '../support/intercepted-file-layer.ts';
import { isKeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import { openReadyLab, type RestoredLab } from '../support/restored-lab.ts';
import { ILL } from '../support/service-model.ts';
import { requireRoot } from '../support/require-tool.ts';
import { smallDisk } from '../support/small-disk.ts';
import { systemError } from '../support/durable-file-layer.ts';

/** One or the other as a whole; of the old state nothing is gone from the disk. */
function stateOf({ lab, before, after }: RestoredLab): 'as before' | 'restored' {
  const now = JSON.stringify(lab.tree());
  if (now === JSON.stringify(before)) return 'as before';
  if (now !== JSON.stringify(after)) throw new Error('neither the old state nor the restored one');
  if (lostFiles(lab.root, before).length > 0) throw new Error('old files gone');
  return 'restored';
}

let parts: RestoredLab;
beforeAll(async () => {
  parts = await openReadyLab();
});
afterAll(() => parts.lab[Symbol.asyncDispose]());

const ill = () => Promise.resolve(ILL);

// On its way forward the ill one comes by where the well one does.
test.each([
  ['well', crashStep(5), {}],
  ['ill', 1, { health: ill }],
] as const)(
  'a disk that is full from the n-th call on, for each n, leaves no app stopped: %s on the restored state',
  async (_, step, health) => {
    const { lab } = parts;
    let [ways, full] = [0, 0];
    for (let n = 1; ; n += step) {
      parts.reset();
      const disk = new FillingDisk(n, { late: 2 });
      const { intercept } = disk;
      const error = await failureOf(lab.end('resume', { intercept, unreachable: true, ...health }));
      expectRunning(parts, error, n);
      const state = stateOf(parts);
      if (state === 'as before') ways += 1;
      // At most its last words are missing.
      const words = state === 'restored' ? 'resume' : 'undo';
      if ((await lab.unfinished()).length > 0) await lab.end(words, { unreachable: true });
      expect(stateOf(parts)).toBe(state);
      if (disk.calls < n) break;
      full += 1;
    }
    tellDeaths('restore in place, disk full', full);
    expect(ways).toBeGreaterThan(2);
    expect(lab.violations).toEqual([]);
  },
);

function expectRunning({ lab }: RestoredLab, error: unknown, n: number): void {
  const isStuck = isKeepsakeError(error, 'CHANGE_STUCK');
  expect(isStuck, `full at call ${n}: ${String(error)}`).toBe(false);
  expect(lab.service).toMatchObject({ isRunning: true, isHeld: false });
}

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** To the last page. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  for (let bytes = 1 << 20; bytes >= 512; bytes >>= 1) {
    try {
      for (;;) writeSync(file, new Uint8Array(bytes));
    } catch {
      // Not that much; perhaps less.
    }
  }
  closeSync(file);
}

test('a state folder that is full when all is done does not make a failure of it', async () => {
  const { lab } = parts;
  parts.reset();
  lab.service.calls.length = 0;
  const intercept = ({ name, path }: FileLayerCall): void => {
    const isFull = path.startsWith(lab.state) && lab.service.calls.at(-1) === 'start';
    if (isFull && TAKES_ROOM.includes(name)) throw systemError('ENOSPC', path);
  };
  await lab.end('resume', { intercept, unreachable: true });
  expect(stateOf(parts)).toBe('restored');
  expect(await lab.unfinished()).toEqual([]);
});

test.skipIf(!requireRoot())(
  'so does a real file system that is full to its last page',
  async () => {
    parts.reset();
    const { lab } = parts;
    const folder = lab.backup.join();
    const copy = `${folder}.copy`;
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    await using _disk = await smallDisk(folder, '12m');
    cpSync(copy, folder, { recursive: true, preserveTimestamps: true });
    rmSync(copy, { recursive: true });
    const filler = join(folder, 'filler');
    for (const n of [1, 9, 20, 30, 40]) {
      parts.reset();
      let calls = 0;
      const intercept = ({ mutating }: FileLayerCall): void => {
        if (mutating) calls += 1;
        if (mutating && calls === n) fill(filler);
      };
      const error = await failureOf(lab.end('resume', { intercept, unreachable: true }));
      expectRunning(parts, error, n);
      expect(stateOf(parts)).toBe(error === undefined ? 'restored' : 'as before');
      expect(await lab.unfinished()).toEqual([]);
      rmSync(filler, { force: true });
    }
  },
);
