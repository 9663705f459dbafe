import type { ChangeStep } from '../operations/in-place/change-journal.ts';

/** What is said at each step of a change; of those without words nothing. */
export interface ChangeWords {
  readonly forward: Readonly<Record<ChangeStep, string>>;
  readonly back: Readonly<Record<ChangeStep, string | undefined>>;
}

/** How what comes is named where it is made ready, put in place and taken out again. */
function changeWords(own: { prepare: string; apply: string; applyBack: string }): ChangeWords {
  return {
    forward: {
      protect: 'keeping the present state in the repository',
      prepare: own.prepare,
      stop: 'stopping the app',
      apply: own.apply,
      start: 'starting the app',
      probe: 'asking whether it is well',
      settle: 'done; finishing',
    },
    back: {
      settle: undefined,
      probe: undefined,
      start: 'back: stopping the app',
      apply: own.applyBack,
      stop: 'back: the app as it was before',
      prepare: 'back: removing what was made ready',
      protect: undefined,
    },
  };
}

export const RESTORE_WORDS = changeWords({
  prepare: 'making the restored state ready beside it, and checking it',
  apply: 'putting it in place',
  applyBack: 'back: putting the old state in place again',
});

export const GUARD_WORDS = changeWords({
  prepare: 'copying what goes back aside, while the app serves',
  apply: 'bringing the copies up to date',
  applyBack: 'back: putting the copies in place again',
});
