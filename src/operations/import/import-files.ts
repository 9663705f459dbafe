/** `import`: archives and databases that were kept by hand become snapshots of their own date. */
import { isKeepsakeError, type KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { returnLargeMemory } from '../../host/process-memory.ts';
import { collectOften } from '../../host/collector.ts';
import type { Repository, StoredSnapshot } from '../../repository/repository.ts';
import { withEvents, type Emitter } from '../event-channel.ts';
import { openSession } from '../open-session.ts';
import type { Workbench } from '../workbench.ts';
import type { ImportedFile, ImportEvent, ImportInput, ImportResult } from './import-input.ts';
import { storeFile } from './store-file.ts';
import { surveyFile, type Survey } from './survey-file.ts';

/** Of one file, as opposed to what would hit the others, too. */
const OF_ONE_FILE = /^(IMPORT|SOURCE|DATABASE|SNAPSHOT)_/;

export function importFiles(
  workbench: Workbench,
  input: ImportInput,
): AsyncGenerator<ImportEvent, ImportResult> {
  return withEvents((emitter) => runImport(workbench, input, emitter));
}

async function runImport(
  workbench: Workbench,
  input: ImportInput,
  emitter: Emitter<ImportEvent>,
): Promise<ImportResult> {
  const { signal, lockWaitMs, dryRun } = input;
  const { clock } = workbench;
  const startedMs = clock.monotonicMs();
  returnLargeMemory();
  collectOften();
  const files: ImportedFile[] = [];
  const tell = (imported: ImportedFile): void => {
    files.push(imported);
    emitter.emit({ type: 'file', imported });
  };
  await using session = await openSession(workbench, input.repository, {
    lock: dryRun ? 'none' : 'shared',
    lockWaitMs,
    signal,
    onLockWait: (error) => emitter.emit({ type: 'lock-wait', error }),
  });
  const surveys = await surveyAll(workbench, { input, emitter, tell });
  const { repository } = session;
  if (surveys.length > 0) await repository.loadIndex({ signal });
  for (const survey of surveys) {
    const onMember = progressOf(emitter, 'storing', survey.container.path);
    const imported = await unlessOfOneFile(survey.container.path, async () => {
      const snapshots = await loadSnapshots(repository, signal);
      return storeFile(workbench, { repository, snapshots, survey, input, onMember });
    });
    tell('failed' in imported ? imported.failed : imported);
  }
  return { files, dryRun, durationMs: clock.monotonicMs() - startedMs };
}

interface SurveyJob {
  readonly input: ImportInput;
  readonly emitter: Emitter<ImportEvent>;
  /** Told of files that cannot be imported. */
  readonly tell: (failed: ImportedFile) => void;
}

/** In the order of their time, so that each finds the one before it. */
async function surveyAll(
  { clock }: Workbench,
  { input, emitter, tell }: SurveyJob,
): Promise<Survey[]> {
  const surveys: Survey[] = [];
  for (const file of input.files) {
    const onMember = progressOf(emitter, 'looking', file);
    const survey = await unlessOfOneFile(file, () => surveyFile(file, input, { clock, onMember }));
    if ('failed' in survey) tell(survey.failed);
    else surveys.push(survey);
  }
  return surveys.sort((a, b) => a.time.getTime() - b.time.getTime());
}

function progressOf(
  emitter: Emitter<ImportEvent>,
  phase: 'looking' | 'storing',
  file: string,
): (sizeBytes: number) => void {
  let memberCount = 0;
  let bytes = 0;
  return (sizeBytes) => {
    memberCount += 1;
    bytes += sizeBytes;
    emitter.emitProgress({ type: 'progress', phase, file, memberCount, bytes });
  };
}

/** Damaged ones are for `check` to tell about. */
function loadSnapshots(
  repository: Repository,
  signal: AbortSignal | undefined,
): Promise<StoredSnapshot[]> {
  return repository.loadSnapshots({ signal, onDamage: () => {} });
}

/** One file that cannot be imported does not keep the others out. */
async function unlessOfOneFile<T>(
  file: string,
  work: () => Promise<T>,
): Promise<T | { failed: ImportedFile }> {
  try {
    return await work();
  } catch (error) {
    if (!isKeepsakeError(error) || !OF_ONE_FILE.test(error.code)) throw error;
    return { failed: failedFile(file, error) };
  }
}

function failedFile(file: string, error: KeepsakeError): ImportedFile {
  const none = { places: [], tags: [], databases: [], notes: [] };
  return { file, outcome: 'failed', ...none, fileCount: 0, sizeBytes: 0, storedBytes: 0, error };
}
