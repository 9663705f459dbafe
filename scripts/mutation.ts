/**
 * The lines that keep the data-safety rules (docs/data-safety.md), each with the test that must
 * fail without it. `npm run mutate` shows that it does.
 */
export interface Mutation {
  /** Number of the rule in docs/data-safety.md. */
  readonly rule: number;
  /** What is broken on purpose. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
  readonly test: NamedTest;
}

export interface NamedTest {
  readonly file: string;
  /** The title, or so much of it as stands in the file literally. */
  readonly title: string;
}
