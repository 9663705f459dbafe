/**
 * Copies a database that nobody writes to, together with its WAL or journal, as plain files.
 *
 * That nobody wrote is proved, not assumed: device, inode, size, mtime and ctime of every file are
 * the same before and after, and files that were absent still are. A file that changed just now is
 * waited for: a later write could otherwise leave its times as they were.
 *
 * A journal may have another ctime. SQLite in a process of root gives it the main file's owner each
 * time it looks whether the journal is hot (os_unix.c robustFchown), and a program that does so on
 * and on must not keep us from copying. Its mtime tells of each write; should somebody have set that
 * back, what was copied is compared with it once more. The main file being the same all the while,
 * the two that were copied lay beside each other.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { equalBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { fsPath } from '../base/raw-name.ts';
import { isTooYoung, timestampGuardMs } from './timestamp-guard.ts';
import { openIfThere, readState, type FileState, type SourceSurvey } from './source-survey.ts';
import { readFully } from './wal-scan.ts';

const COPY_BLOCK_BYTES = 1_048_576;
const SIDECARS = ['wal', 'journal'] as const;

export interface QuietCopyOptions {
  clock: Clock;
  /** `image` is a copy of the main file already, of when it was as `survey` says. */
  isCopied?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** False when somebody wrote meanwhile: what was copied is then worthless. */
export async function copyQuietDatabase(
  survey: SourceSurvey,
  image: string,
  { clock, isCopied = false, signal }: QuietCopyOptions,
): Promise<boolean> {
  const waitMs = waitForQuietMs(survey, clock);
  if (waitMs > 0) {
    await clock.sleep(waitMs, { signal });
    if (!(await isAsSurveyed(survey))) return false;
  }
  if (!isCopied && !(await copyFile(survey.path, image, signal))) return false;
  for (const sidecar of SIDECARS) {
    const state = survey[sidecar];
    if (state === undefined || state.sizeBytes === 0) continue;
    const copied = await copyFile(`${survey.path}-${sidecar}`, `${image}-${sidecar}`, signal);
    if (!copied) return false;
  }
  return await isUnchanged(survey, image, signal);
}

function waitForQuietMs({ main, wal, journal }: SourceSurvey, clock: Clock): number {
  const written = journal && { ...journal, changedAtMs: journal.writtenAtMs };
  const states = [main, wal, written].filter((state): state is FileState => state !== undefined);
  const young = states.filter((state) => isTooYoung(state, clock.now()));
  return Math.max(0, ...young.map(timestampGuardMs));
}

async function isUnchanged(
  survey: SourceSurvey,
  image: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!(await isAsSurveyed(survey))) return false;
  const journal = `${survey.path}-journal`;
  const isEmpty = (survey.journal?.sizeBytes ?? 0) === 0;
  if (isEmpty || (await readState(journal))?.identity === survey.journal?.identity) return true;
  return (
    (await hasSameContent(journal, `${image}-journal`, signal)) && (await isAsSurveyed(survey))
  );
}

async function isAsSurveyed({ path, main, wal, journal }: SourceSurvey): Promise<boolean> {
  return (
    (await readState(path))?.identity === main.identity &&
    (await readState(`${path}-wal`))?.identity === wal?.identity &&
    (await readState(`${path}-journal`))?.writes === journal?.writes
  );
}

async function hasSameContent(
  sourcePath: string,
  copyPath: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  await using source = await openIfThere(sourcePath);
  if (source === undefined) return false;
  await using copy = await open(fsPath(copyPath), 'r');
  const [block, copied] = [new Uint8Array(COPY_BLOCK_BYTES), new Uint8Array(COPY_BLOCK_BYTES)];
  for (let at = 0; ;) {
    signal?.throwIfAborted();
    const bytesRead = await readFully(source, block, at);
    if ((await readFully(copy, copied, at)) !== bytesRead) return false;
    if (!equalBytes(block.subarray(0, bytesRead), copied.subarray(0, bytesRead))) return false;
    if (bytesRead < block.length) return true;
    at += bytesRead;
  }
}

/** False when there is no such file any more. */
async function copyFile(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  await using source = await openIfThere(from);
  if (source === undefined) return false;
  await using target = await open(fsPath(to), 'wx', 0o600);
  const block = new Uint8Array(COPY_BLOCK_BYTES);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(block);
    if (bytesRead === 0) return true;
    await writeAll(target, block.subarray(0, bytesRead));
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += (await file.write(bytes, at)).bytesWritten;
}
