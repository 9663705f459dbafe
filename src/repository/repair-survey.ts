/** First part of `repair index`: which index files are right, and which packs they list rightly. */
import type { CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { IndexedBlob, IndexedPack } from '../format/index-file.ts';
import { packSizeOf } from '../format/pack.ts';
import { readIndexFile } from './index-loader.ts';
import type { Repository } from './repository.ts';

export interface IndexSurvey {
  /** Size of each pack in the store. */
  readonly stored: ReadonlyMap<string, number>;
  /** Index files that must go, and why. */
  readonly remove: Map<string, string>;
  readonly unreadable: Set<string>;
  /** The index file that lists a pack rightly, by pack. */
  readonly listedIn: Map<string, string>;
  /** What an index says of a pack that is not as it says. */
  readonly suspects: Map<string, readonly IndexedBlob[]>;
  readonly missing: Set<string>;
}

/** A backup that runs beside us may finish while we look; a pack it stored is not missing. */
export async function surveyIndexFiles(
  repository: Repository,
  options: CallOptions = {},
): Promise<IndexSurvey> {
  let stored = await listPacks(repository, options);
  for (;;) {
    const survey = await surveyAgainst(repository, stored, options);
    if (survey.missing.size === 0) return survey;
    stored = await listPacks(repository, options);
    if (survey.missing.isDisjointFrom(stored)) return survey;
  }
}

async function listPacks(
  { backend }: Repository,
  options: CallOptions,
): Promise<Map<string, number>> {
  const stored = new Map<string, number>();
  for await (const { name, sizeBytes } of backend.list('pack', options)) {
    stored.set(name, sizeBytes);
  }
  return stored;
}

async function surveyAgainst(
  repository: Repository,
  stored: ReadonlyMap<string, number>,
  { signal }: CallOptions,
): Promise<IndexSurvey> {
  const survey: IndexSurvey = {
    stored,
    remove: new Map(),
    unreadable: new Set(),
    listedIn: new Map(),
    suspects: new Map(),
    missing: new Set(),
  };
  for await (const { name } of repository.backend.list('index', { signal })) {
    try {
      const { packs } = await readIndexFile(repository.files, name, { signal });
      for (const pack of packs) surveyPack(survey, name, pack);
    } catch (error) {
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED')) throw error;
      survey.unreadable.add(name);
      survey.remove.set(name, describeCause(error));
    }
  }
  for (const pack of survey.listedIn.keys()) survey.suspects.delete(pack);
  return survey;
}

function surveyPack(survey: IndexSurvey, file: string, { id, blobs }: IndexedPack): void {
  const sizeBytes = survey.stored.get(id);
  if (sizeBytes === undefined) {
    survey.missing.add(id);
    survey.remove.set(file, `names pack ${id.slice(0, 8)}, which is missing`);
  } else if (packSizeOf(blobs) !== sizeBytes) {
    survey.suspects.set(id, [...(survey.suspects.get(id) ?? []), ...blobs]);
    survey.remove.set(file, `is wrong about pack ${id.slice(0, 8)}`);
  } else if (survey.listedIn.has(id)) {
    survey.remove.set(file, `names pack ${id.slice(0, 8)} once more`);
  } else {
    survey.listedIn.set(id, file);
  }
}
