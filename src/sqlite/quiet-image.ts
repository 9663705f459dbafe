/** One attempt to copy a database that nobody writes to, made complete in the scratch folder. */
import { rm } from 'node:fs/promises';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import { appWasKilledWarning } from './capture-warnings.ts';
import { callGate, expectAnswer } from './gate-answer.ts';
import type { CopyOutcome } from './gate-copy.ts';
import type { Gate } from './gate.ts';
import { copyQuietDatabase } from './quiet-copy.ts';
import type { ScratchImage } from './scratch-image.ts';
import { readState, type SourceSurvey } from './source-survey.ts';

export interface QuietImageOptions {
  survey: SourceSurvey;
  /** SQLite found a journal that must be rolled back. */
  hotJournal: boolean;
  path: string;
  image: ScratchImage;
  gate: Gate;
  clock: Clock;
  signal?: AbortSignal | undefined;
}

export async function takeQuietImage(options: QuietImageOptions): Promise<CopyOutcome> {
  const { survey, hotJournal, path, image } = options;
  try {
    const quiet = await copyQuietDatabase(survey, image.path, options);
    if (!quiet) return { kind: 'busy' };
  } catch (error) {
    if (isDiskFull(error)) throw await image.fullError(path, survey.main.sizeBytes);
    throw error;
  }
  const hasWal = (survey.wal?.sizeBytes ?? 0) > 0;
  const hasJournal = (survey.journal?.sizeBytes ?? 0) > 0;
  if (hasWal || hasJournal) await recover(options);
  const warnings = hotJournal ? [appWasKilledWarning] : [];
  return { kind: 'copied', method: methodOf(hasWal, hotJournal), readLockMs: 0, warnings };
}

function methodOf(hasWal: boolean, hotJournal: boolean) {
  if (hotJournal) return 'raw-hot-journal';
  return hasWal ? 'raw-crashed' : 'raw-stopped';
}

async function recover({ gate, path, image, signal }: QuietImageOptions): Promise<void> {
  const request = { kind: 'recover', image: image.path } as const;
  expectAnswer(await callGate(gate, path, request, { signal }), 'recovered', path);
  // A journal that was not hot is left lying by SQLite; its content is of no use.
  await rm(`${image.path}-journal`, { force: true });
  const wal = await readState(`${image.path}-wal`);
  assertInternal(wal === undefined, 'a recovered image still has a WAL');
}

function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
