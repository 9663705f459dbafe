import type { HealthVerdict } from '../../host/health-probe.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import type { BackupInput } from '../backup-input.ts';
import type { DrillEvidence } from '../drill/drill-evidence.ts';
import type { SnapshotInput } from '../open-snapshot.ts';
import type { ChangeJournal, ChangePart, ChangePlace } from './change-journal.ts';
import type { ChangeStepEvent } from './change-steps.ts';
import type { SwapRoot } from './swap-units.ts';

export interface InPlaceInput extends SnapshotInput {
  readonly app: ResolvedApp;
  readonly part: ChangePart;
  /** Only the database, without stopping the app. */
  readonly live?: boolean | undefined;
  /** How the app is backed up: for the restore point. */
  readonly backup: BackupInput;
  readonly dryRun: boolean;
  /** Default `restore`. */
  readonly kind?: ChangeJournal['kind'] | undefined;
}

/** Something the person should know before saying yes. */
export interface PlanNote {
  readonly kind: 'note' | 'warning';
  readonly message: string;
}

export interface PlannedPlace extends ChangePlace {
  readonly neededBytes: number;
  readonly freeBytes: number;
}

export interface PlannedPath {
  /** As in the snapshot. */
  readonly path: string;
  readonly at: string;
  /** Absent: the snapshot has nothing there, what is there is kept aside. */
  readonly comes?: { readonly fileCount: number; readonly sizeBytes: number } | undefined;
  readonly goes?: { readonly fileCount: number; readonly sizeBytes: number } | undefined;
}

export interface PlannedTable {
  readonly database: string;
  readonly table: string;
  readonly rowsNow: number | undefined;
  readonly rowsThen: number | undefined;
}

export interface InPlacePlan {
  readonly app: ResolvedApp;
  readonly part: ChangePart;
  readonly live: boolean;
  readonly stored: StoredSnapshot;
  readonly ageMs: number;
  /** What the last drill of this snapshot found; absent where there was none. */
  readonly proof: Pick<DrillEvidence, 'outcome' | 'endedAt'> | undefined;
  readonly places: readonly PlannedPlace[];
  readonly paths: readonly PlannedPath[];
  /** Files that only the snapshot has, only the app has, or that differ in size or time. */
  readonly files: { readonly come: number; readonly go: number; readonly change: number };
  /** Tables whose number of rows changes; `undefined` where it is not known. */
  readonly tables: readonly PlannedTable[] | undefined;
  readonly migrations: {
    readonly snapshot: string | undefined;
    readonly now: string | undefined;
    /** The newest that the installed code brings. */
    readonly code: string | undefined;
  };
  readonly service: { readonly description: string; readonly state: string } | undefined;
  readonly healthUrl: string | undefined;
  /** As the last one took, for as many bytes. */
  readonly expectedMs: number | undefined;
  readonly notes: readonly PlanNote[];
  readonly roots: readonly SwapRoot[];
  /** Where those are that are replaced. */
  readonly databases: readonly string[];
}

/** Of a guard: what is run, and that it is over. */
export type CommandEvent =
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly number: number;
      readonly of: number;
    }
  | { readonly kind: 'command-ended'; readonly name: string; readonly exitCode: number | null }
  | { readonly kind: 'judging' };

export type InPlaceEvent =
  | ChangeStepEvent
  | {
      readonly kind: 'progress';
      readonly phase: 'restoring' | 'comparing' | 'copying';
      readonly doneBytes: number;
    }
  | CommandEvent
  | { readonly kind: 'warning'; readonly message: string };

export interface InPlaceResult {
  readonly journal: ChangeJournal;
  readonly health: HealthVerdict | undefined;
  /** From "stop returned" to "start issued": Keepsake's own share. */
  readonly downtimeMs: number | undefined;
  readonly durationMs: number;
  /** Where the old files are. */
  readonly keptIn: readonly string[];
  /** Old databases among them that could not be read whole. */
  readonly salvageable: readonly string[];
}
