/** One attempt to copy a database that nobody writes to, made complete in the scratch folder. */
import { open, rm, writeFile } from 'node:fs/promises';
import { assertInternal, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Clock } from '../base/clock.ts';
import { appWasKilledWarning } from './capture-warnings.ts';
import { callGate, expectAnswer } from './gate-answer.ts';
import { provableState } from './database-state.ts';
import type { CopyOutcome } from './gate-copy.ts';
import type { Gate } from './gate.ts';
import { copyQuietDatabase } from './quiet-copy.ts';
import { isDiskFull, type ScratchImage } from './scratch-image.ts';
import { readState, type SourceSurvey } from './source-survey.ts';

/** https://www.sqlite.org/fileformat2.html §4.1: magic at 0 (last bit: byte order), page size at 8. */
const WAL_HEADER_BYTES = 32;
const WAL_MAGIC = 0x377f0682;
const LARGEST_PAGE_BYTES = 65_536;

export interface QuietImageOptions {
  survey: SourceSurvey;
  /** SQLite found a journal that must be rolled back. */
  hotJournal: boolean;
  path: string;
  image: ScratchImage;
  /** See `copyQuietDatabase`. */
  isCopied?: boolean | undefined;
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
  if (survey.main.sizeBytes === 0) await writePlaceholderPage(options);
  if (hasWal || hasJournal) await recover(options);
  const warnings = hotJournal ? [appWasKilledWarning] : [];
  const method = methodOf(hasWal, hotJournal);
  const isWhole = method === 'raw-stopped' && !hasJournal;
  const state = isWhole ? provableState(survey.main, null, options.clock) : undefined;
  return { kind: 'copied', method, readLockMs: 0, warnings, state };
}

/**
 * SQLite takes the WAL beside an empty file for a leftover and deletes it. With a first page of
 * zeros it reads the WAL, which may hold every page; if it does not, the check of the image tells.
 */
async function writePlaceholderPage({ path, image }: QuietImageOptions): Promise<void> {
  await using wal = await open(`${image.path}-wal`, 'r');
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  await wal.read(header);
  const pageSize = header.readUInt32BE(8);
  const isWal = (header.readUInt32BE(0) & ~1) === WAL_MAGIC && pageSize <= LARGEST_PAGE_BYTES;
  if (!isWal) throw new KeepsakeError('DATABASE_EMPTY', { path });
  await writeFile(image.path, new Uint8Array(pageSize));
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
