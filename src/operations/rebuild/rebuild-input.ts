import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import type { InPlaceEvent, PlannedPlace, PlanNote } from '../in-place/in-place-input.ts';
import type { SurveyTotals } from '../in-place/file-survey.ts';
import type { SnapshotInput } from '../open-snapshot.ts';
import type { PlannedAccount } from './plan-accounts.ts';

export interface RebuildInput extends SnapshotInput {
  readonly dryRun: boolean;
}

/** The password file that the config names, or why there is none to write. */
export interface PlannedPassword {
  /**
   * `write`: it is not there. `same`, `other`: it is, with this password or another one. `comes`: it
   * is among the files of the backup.
   * `command`: the config names a program instead. `none`: the config names neither. `unfit`: in a
   * file the password would be read as another one.
   */
  readonly state: 'write' | 'same' | 'other' | 'comes' | 'command' | 'none' | 'unfit';
  readonly path: string | undefined;
}

/** The app's code, which a backup does not hold as a rule. */
export interface PlannedCode {
  readonly folder: string;
  readonly isInBackup: boolean;
  /** Something of the backup lies in the folder: git clones into none that is not empty. */
  readonly holdsFiles: boolean;
  readonly origin: string | undefined;
  readonly commit: string | undefined;
  readonly version: string | undefined;
  readonly build: readonly (readonly string[])[];
}

export interface RebuildPlan {
  readonly app: ResolvedApp;
  readonly stored: StoredSnapshot;
  readonly ageMs: number;
  /** Where the repository was read from, and where the config looks for it. */
  readonly location: string;
  readonly configuredLocation: string | undefined;
  /** This machine will be told apart from the other one in the repository. */
  readonly hostDiffers: boolean;
  /** Of the backup's own paths. */
  readonly paths: readonly (SurveyTotals & { readonly path: string })[];
  readonly places: readonly PlannedPlace[];
  readonly accounts: readonly PlannedAccount[];
  /** Others cannot make users, nor give files to them. */
  readonly isRoot: boolean;
  readonly config: { readonly path: string; readonly state: 'write' | 'same' | 'comes' };
  readonly password: PlannedPassword;
  /** Path of the systemd unit's file, if the backup holds it. */
  readonly unitFile: string | undefined;
  readonly code: PlannedCode | undefined;
  /** When the rebuild began that is to be finished. */
  readonly resumes: string | undefined;
  readonly notes: readonly PlanNote[];
}

export type RebuildStep = 'stage' | 'accounts' | 'place' | 'config';

export type RebuildEvent =
  | { readonly kind: 'rebuild-step'; readonly step: RebuildStep }
  | Extract<InPlaceEvent, { kind: 'progress' | 'warning' }>;

/** What the person has to do; `lines` are for a shell. */
export interface RebuildTask {
  readonly what: string;
  readonly lines: readonly string[];
}

export interface RebuildResult {
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** What was to be done and could not be: the rebuild is partial. */
  readonly problems: readonly string[];
  /** In this order. */
  readonly leftToDo: readonly RebuildTask[];
  readonly durationMs: number;
}
