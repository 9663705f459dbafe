/** How the lab's app behaves; read at each start. */
export interface AppOptions {
  /** Answers only after this long. */
  readonly startDelayMs?: number;
  /** How long a stop waits for open pages. */
  readonly stopWaitMs?: number;
  /** Adds an item of this name at its end, when no page is open any more. */
  readonly addAtStop?: string;
  /** Has to be killed. */
  readonly ignoreTerm?: boolean;
  /** Ends at once with this code. */
  readonly exitAtStart?: number;
  /** Answers `GET /login` with this status, whatever the data is. */
  readonly sick?: number;
  /** The newest migration this version of the app knows; a database with a newer one is refused. */
  readonly knownMigration?: string;
  /** What `GET /version` says. */
  readonly version?: string;
  /** Sends mail when it starts. */
  readonly mailAtStart?: boolean;
}

export interface LabItem {
  readonly id: number;
  readonly name: string;
  readonly imageUrl: string | null;
}
