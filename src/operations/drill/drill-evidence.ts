/**
 * What a drill found, as JSON in a tiny snapshot tagged `proof`: a snapshot's own tags cannot be
 * changed without changing its id, and an append-only store forbids it.
 */
import { utf8Decode, utf8Encode } from '../../base/bytes.ts';
import type {
  CommandOutcome,
  RehearsedCommand,
  SkippedStep,
} from '../recovery/rehearsed-commands.ts';
import type { Checked } from '../verify-input.ts';

export type DrillOutcome = 'proven' | 'failed' | 'inconclusive';
/** Which program restored: the way back must not depend on one of them. */
export type RestoredWith = 'keepsake' | 'restic';

/** Readers pass over a higher one; fields may be added without raising it. */
export const EVIDENCE_VERSION = 1;

export type EvidenceCheck = Checked & {
  readonly item: string;
  readonly differenceCount: number;
};

/** What of the recovery sheet was run, when restic restored. */
export interface RecoveryEvidence {
  /** In their order. All went well but the last one, if its exit code is not 0. */
  readonly commands: readonly (RehearsedCommand & CommandOutcome)[];
  /** Those after one that failed. */
  readonly notRun: readonly string[];
  /** Steps that a drill leaves out. */
  readonly skipped: readonly SkippedStep[];
}

export interface DrillEvidence {
  readonly version: number;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly app: string;
  readonly outcome: DrillOutcome;
  /** Why it is not proven. */
  readonly reason?: string;
  readonly snapshot: string;
  readonly snapshotTime: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly hostname: string;
  readonly keepsakeVersion: string;
  readonly restoredWith: RestoredWith;
  /** As `restic 0.14.0`. */
  readonly program: string;
  readonly recovery?: RecoveryEvidence;
  readonly checks: readonly EvidenceCheck[];
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** What the copy was asked for, and its answer. */
  readonly page?: {
    readonly path: string;
    readonly status: number;
    readonly sizeBytes: number;
    readonly sha256: string;
  };
  /** Seconds of each stage that was reached. */
  readonly seconds: {
    readonly restore: number;
    readonly verify: number;
    readonly start?: number;
  };
  /** What was taken from the copy. */
  readonly isolation?: { readonly network: boolean; readonly files: boolean };
}

export function encodeEvidence(evidence: DrillEvidence): Uint8Array {
  return utf8Encode(`${JSON.stringify(evidence, null, 2)}\n`);
}

/** `undefined` for what this Keepsake does not understand: then nothing is known. */
export function decodeEvidence(bytes: Uint8Array): DrillEvidence | undefined {
  try {
    const value = JSON.parse(utf8Decode(bytes)) as Partial<DrillEvidence>;
    const { version, snapshot, outcome, endedAt } = value;
    const isKnown = typeof version === 'number' && version <= EVIDENCE_VERSION;
    const isWhole = [snapshot, outcome, endedAt].every((field) => typeof field === 'string');
    return isKnown && isWhole ? (value as DrillEvidence) : undefined;
  } catch {
    return undefined;
  }
}
