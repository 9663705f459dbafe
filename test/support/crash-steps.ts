/** At which of its calls an operation is killed: a sample of them, or in a soak run each. */
import { appendFileSync } from 'node:fs';

/** Each n is a death; set by `npm run soak`. */
export const DIES_AT_EACH = process.env['KEEPSAKE_SOAK_CRASH_STEP'] === '1';

/** Where the soak run wants to be told how many there were. */
const TALLY = process.env['KEEPSAKE_SOAK_DEATHS'];

/** Every so manieth call is a death. */
export function crashStep(usual: number): number {
  return DIES_AT_EACH ? 1 : usual;
}

/** The calls of `sample`; in a soak run all, to be left when nothing died. */
export function* crashCalls(sample: readonly number[]): Generator<number> {
  if (DIES_AT_EACH) for (let n = 1; ; n += 1) yield n;
  yield* sample;
}

/** For the page of the soak run. */
export function tellDeaths(command: string, deaths: number): void {
  if (TALLY !== undefined) appendFileSync(TALLY, `${deaths} ${command}\n`);
}
