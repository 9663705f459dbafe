/** Goals and whether they were met (docs/performance.md says where they come from). */
export interface Verdict {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
  readonly met: boolean;
}

export interface Judged {
  /** For the table's cell: `≤ 0.8 met`. */
  readonly text: string;
  readonly verdicts: readonly Verdict[];
}

export interface JudgeOptions {
  readonly goal: number | undefined;
  /** How value and goal are written. */
  readonly show: (value: number) => string;
  /** `at-most` unless said otherwise. */
  readonly sense?: 'at-most' | 'at-least';
}

/** A goal without a value is shown but neither met nor missed. */
export function judge(
  what: string,
  value: number | undefined,
  { goal, show, sense = 'at-most' }: JudgeOptions,
): Judged {
  if (goal === undefined) return { text: '', verdicts: [] };
  const sign = sense === 'at-most' ? '≤' : '≥';
  if (value === undefined) return { text: `${sign} ${show(goal)}`, verdicts: [] };
  const met = sense === 'at-most' ? value <= goal : value >= goal;
  const text = `${sign} ${show(goal)} ${met ? 'met' : '**missed**'}`;
  return { text, verdicts: [{ what, value: show(value), goal: `${sign} ${show(goal)}`, met }] };
}
