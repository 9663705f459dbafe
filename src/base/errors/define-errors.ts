import type { ExitCode } from '../exit-code.ts';

/** What one error says and does. Codes are permanent: never renamed, never reused. */
export interface ErrorEntry<D extends object> {
  readonly exit: ExitCode;
  /** `later`: the same call may succeed if tried again (retry wrappers read this). Default `never`. */
  readonly retry?: 'never' | 'later';
  /** What failed, on which object, and why; one sentence without the final full stop. */
  readonly message: (details: D) => string;
  /** In what state the data is now, and the next command to type or thing to look at. */
  readonly hint: (details: D) => string;
  /** Realistic details, for `docs/errors.md` and the snapshot test. */
  readonly example: D;
}

/** Keeps each entry's own type of details while checking its shape. */
export function entry<D extends object>(definition: ErrorEntry<D>): ErrorEntry<D> {
  return definition;
}
