/** What Keepsake tells the process that becomes another user (`run-as-main.ts`), and its answer. */
export interface RunAsRequest {
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent: it stays who it is. */
  readonly user?: { readonly name: string; readonly uid: number; readonly gid: number };
  /** Ends the program, and all it started, as soon as Keepsake is gone. */
  readonly tied?: boolean;
}

/** Only sent when the program could not be started. */
export interface RunAsFailure {
  readonly reason: string;
}
