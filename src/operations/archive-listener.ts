/** What a backup tells while it archives, and what it does as files become many. */
import type { Clock } from '../base/clock.ts';
import { StringSet } from '../base/string-set.ts';
import { collectOften, collectSooner } from '../host/collector.ts';
import { returnSmallMemory } from '../host/process-memory.ts';
import type { ArchiveListener } from '../snapshot/archive-options.ts';
import type { LookAhead } from '../source/look-ahead.ts';
import type { BackupEvent, BackupInput, BackupPhase } from './backup-input.ts';
import type { Emitter } from './event-channel.ts';

/** An event for each of 17,000 unchanged files took a tenth of the backup's time. */
const PROGRESS_EVERY_MS = 50;
const TRIM_EVERY_MS = 500;
/** Below, collecting often takes time and saves nothing: other things take more memory. */
const SOME_FILES = 1000;
const MANY_FILES = 25_000;

interface ListenOptions {
  readonly input: BackupInput;
  readonly clock: Clock;
  readonly ahead: LookAhead;
  readonly storedBytes: () => number;
}

/** Turns what the archive tells into the events of a backup, and keeps memory small as files become many. */
export function listenToArchive(
  emitter: Emitter<BackupEvent>,
  { input, clock, ahead, storedBytes }: ListenOptions,
): ArchiveListener {
  const state = { filesDone: 0, bytesDone: 0, bytesRead: 0 };
  const told = new StringSet();
  const beganAtMs = clock.monotonicMs();
  let phase: BackupPhase = 'opening';
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let trimmedAtMs = beganAtMs;
  const report = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - toldAtMs < PROGRESS_EVERY_MS) return;
    toldAtMs = nowMs;
    if (nowMs - trimmedAtMs >= TRIM_EVERY_MS) {
      trimmedAtMs = nowMs;
      returnSmallMemory();
    }
    const elapsedMs = nowMs - beganAtMs;
    emitter.emitProgress({
      type: 'progress',
      phase,
      elapsedMs,
      ...state,
      storedBytes: storedBytes(),
    });
  };
  return {
    onPhase(next) {
      phase = next;
      toldAtMs = Number.NEGATIVE_INFINITY;
      if (next !== 'files') ahead.forget(); // the first walk is through
      trimmedAtMs = Number.NEGATIVE_INFINITY; // each phase takes memory in other pieces
      report();
    },
    onItem({ path, action, node }) {
      const isDirectory = node.type === 'dir';
      // The second pass meets all files again: only the first one moves the counters.
      if (!isDirectory && phase === 'files') noteFiles(state, 1, node.size ?? 0);
      report();
      if (!input.wantItems || told.has(path)) return;
      if (action === 'unmodified' && input.wantUnmodified !== true) return;
      told.add(path);
      emitter.emit({ type: 'item', path, action, sizeBytes: node.size ?? 0, isDirectory });
    },
    onWholeFolder({ unmodified, sizeBytes }) {
      noteFiles(state, unmodified, sizeBytes);
      report();
    },
    onBytes(bytes) {
      state.bytesRead += bytes;
      report();
    },
    onDatabase: (database) => emitter.emit({ type: 'database', database }),
  };
}

function noteFiles(
  state: { filesDone: number; bytesDone: number },
  fileCount: number,
  sizeBytes: number,
): void {
  const before = state.filesDone;
  const after = (state.filesDone += fileCount);
  state.bytesDone += sizeBytes;
  if (before < SOME_FILES && after >= SOME_FILES) collectSooner();
  if (before < MANY_FILES && after >= MANY_FILES) collectOften();
}
