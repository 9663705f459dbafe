/** At which sizes growth is measured, and what is saved of each. */
import type { DataFacts } from './data-facts.ts';
import type { Act, Round } from './round.ts';

export type GrowthName = 'growth-A' | 'growth-C';

export interface Step {
  readonly factor: number;
  /** Small ones are quick, and noise weighs more there. */
  readonly runs: number;
}

export const growthSteps: Readonly<Record<GrowthName, readonly Step[]>> = {
  'growth-A': [
    { factor: 1, runs: 3 },
    { factor: 4, runs: 3 },
    { factor: 16, runs: 1 },
  ],
  'growth-C': [
    { factor: 1, runs: 3 },
    { factor: 4, runs: 3 },
  ],
};

export const growthActs = [
  'first backup',
  'unchanged again',
  'after a day',
  'restore',
] as const satisfies readonly Act[];

export interface GrowthRound extends Round {
  readonly factor: number;
}

export interface GrowthFacts extends DataFacts {
  readonly factor: number;
}
