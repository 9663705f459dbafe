import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { Environment } from '../../host/command-environment.ts';
import type { StoredSnapshot } from '../../repository/repository.ts';
import type { SnapshotInput } from '../open-snapshot.ts';
import type { RestoredTotals, VerifyEvent } from '../verify-input.ts';
import type {
  DrillEvidence,
  DrillOutcome,
  RecoveryEvidence,
  RestoredWith,
} from './drill-evidence.ts';

export interface DrillInput extends SnapshotInput {
  readonly app: ResolvedApp;
  /** Of the proof, as of backups. */
  readonly hostname: string;
  /** Absent: the other one than last time, as far as restic is there. */
  readonly restoreWith?: RestoredWith | undefined;
  /** Start the copy although it cannot be kept from the network. */
  readonly allowNetwork: boolean;
  /** Where the recovery sheet says that the password lies. */
  readonly passwordFile: string;
  /** Keepsake's own. */
  readonly environment: Environment;
}

export type DrillEvent =
  | VerifyEvent
  | { readonly kind: 'restoring'; readonly restoredWith: RestoredWith; readonly program: string }
  | { readonly kind: 'recovered'; readonly recovery: RecoveryEvidence }
  | { readonly kind: 'starting'; readonly url: string; readonly limitMs: number }
  /** Worth knowing, and no failure of the drill. */
  | { readonly kind: 'note'; readonly message: string };

export interface DrillResult {
  readonly stored: StoredSnapshot;
  readonly outcome: DrillOutcome;
  readonly evidence: DrillEvidence;
  readonly totals: RestoredTotals;
  /** Of the snapshot that holds the evidence. */
  readonly proofId: string | undefined;
  /** Why the evidence is not in the repository. */
  readonly proofFailure: string | undefined;
  /** The last the copy wrote, when it is not well. */
  readonly lastLines: readonly string[];
  readonly durationMs: number;
}
