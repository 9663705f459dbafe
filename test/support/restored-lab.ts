/** The lab of restores in place, and what a restore makes of it. */
import { expect } from 'vitest';
import type { AppTree } from './app-tree.ts';
import { openInPlaceLab, type InPlaceLab, type LabRun } from './in-place-lab.ts';
import { Life } from './life.ts';

export interface RestoredLab {
  readonly lab: InPlaceLab;
  readonly snapshot: string;
  readonly before: AppTree;
  readonly after: AppTree;
  /** Back to where it is when it is opened. */
  readonly reset: () => void;
}

/** Nothing was restored yet. */
export async function openRestoredLab(run: LabRun = {}): Promise<RestoredLab> {
  const { lab, snapshot } = await openInPlaceLab();
  const before = lab.tree();
  const reset = lab.freeze();
  await lab.restore(snapshot, { ...run, unreachable: true });
  const after = lab.tree();
  expect(Object.keys(after)).not.toEqual(Object.keys(before));
  reset();
  return { lab, snapshot, before, after, reset };
}

/** Stopped dead just before the service is to be stopped: what follows is tried from there. */
export async function openReadyLab(): Promise<RestoredLab> {
  const parts = await openRestoredLab();
  const { lab, snapshot } = parts;
  await dieAtStop(lab, (run) => lab.restore(snapshot, { ...run, unreachable: true }));
  return { ...parts, reset: lab.freeze() };
}

export async function dieAtStop(
  lab: InPlaceLab,
  begin: (run: LabRun) => Promise<unknown>,
): Promise<void> {
  const life = new Life();
  const control = lab.service.control(life);
  const stop = (): Promise<void> => {
    life.end();
    return Promise.reject(new Error('killed'));
  };
  const machine = { openService: () => ({ ...control, stop }) };
  await expect(begin({ life, machine })).rejects.toThrow();
}
