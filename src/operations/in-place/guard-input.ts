import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { BackupInput } from '../backup-input.ts';
import type { ChangePart, CodeVersions } from './change-journal.ts';
import type { InPlacePlan, PlanNote, PlannedPlace } from './in-place-input.ts';
import type { SurveyTotals } from './file-survey.ts';
import type { SwapRoot } from './swap-units.ts';

/** One program of a guard, in its own words. */
export interface GuardStep {
  /** For output and history: never an argument that may be a secret. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly workingFolder: string;
}

export interface StepEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: string | null;
}

/** What is done to the app while everything is held ready for the way back. */
export interface GuardWork {
  readonly steps: readonly GuardStep[];
  /** Any exit code is an answer; throws when it could not be started, or was cancelled. */
  readonly run: (step: GuardStep, options: { signal: AbortSignal | undefined }) => Promise<StepEnd>;
}

/** A guard's steps, chosen when nobody else changes the app. */
export interface GuardChoice {
  readonly steps: readonly GuardStep[];
  /** "v1.0 -> v1.1, 12 commits". */
  readonly version?: string | undefined;
}

export interface GuardInput {
  readonly app: ResolvedApp;
  readonly kind: 'guard' | 'update';
  readonly part: Extract<ChangePart, 'all' | 'database'>;
  /** `undefined`: there is nothing to do. */
  readonly choose: () => Promise<GuardChoice | undefined>;
  readonly run: GuardWork['run'];
  /** Of the code as it is checked out; `undefined` where git does not tell. */
  readonly commitOf: (folder: string) => Promise<string | undefined>;
  /** How the app is backed up: for the restore point. */
  readonly backup: BackupInput;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ProtectedPath {
  readonly path: string;
  readonly at: string;
  /** Absent: nothing is there; what comes to be is taken away on the way back. */
  readonly found: SurveyTotals | undefined;
  /** With what the app's patterns leave out of backups. */
  readonly isWhole: boolean;
}

/** A copy that some script left, which grows with each update. */
export interface Leftover {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface GuardPlan {
  readonly app: ResolvedApp;
  readonly kind: 'guard' | 'update';
  readonly part: ChangePart;
  readonly steps: readonly GuardStep[];
  readonly version: string | undefined;
  readonly paths: readonly ProtectedPath[];
  readonly places: readonly PlannedPlace[];
  readonly service: InPlacePlan['service'];
  readonly healthUrl: string | undefined;
  readonly notes: readonly PlanNote[];
  readonly leftovers: readonly Leftover[];
  readonly roots: readonly SwapRoot[];
  readonly whole: readonly string[];
  readonly code: CodeVersions | undefined;
  /** Where they really are. */
  readonly databases: readonly string[];
}
