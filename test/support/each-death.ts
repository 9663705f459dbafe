import { expect } from 'vitest';
import { DIES_AT_EACH, tellDeaths } from './crash-steps.ts';
import type { InPlaceLab } from './in-place-lab.ts';
import { Life } from './life.ts';

export interface DeathPlan {
  /** As the soak run counts them. */
  readonly what: string;
  /** After each death. */
  readonly judge: () => Promise<void>;
  /** The first call that is a death. Default 1. */
  readonly first?: number;
  /** Every so manieth is one, asked after each. Default: all. */
  readonly step?: () => number;
}

/**
 * Runs until it dies at its n-th call, for each n of the plan, each time from the same disk: before
 * the call, and just after it. How many deaths that were.
 */
export async function forEachDeath(
  lab: InPlaceLab,
  run: (life: Life) => Promise<unknown>,
  { what, judge, first = 1, step = () => 1 }: DeathPlan,
): Promise<number> {
  const reset = lab.freeze();
  let deaths = 0;
  for (const carriedOut of [false, true]) {
    for (let n = DIES_AT_EACH ? 1 : first; ; n += DIES_AT_EACH ? 1 : step()) {
      reset();
      lab.service.calls.length = 0;
      const life = new Life(n, { carriedOut });
      await run(life).catch(() => {}); // dead, or back in its old state
      if (!life.isOver) break;
      deaths += 1;
      await judge();
    }
  }
  tellDeaths(what, deaths);
  expect(lab.violations).toEqual([]);
  return deaths;
}
