/**
 * `repair index`: makes the index tell the truth about the packs that are there. What a damaged
 * pack still holds intact, and no other pack has, is stored anew. New files are written before old
 * index files go, and no pack is touched.
 */
import type { CallOptions } from '../backend/backend.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import {
  encodeIndexFile,
  INDEX_MAX_BLOBS,
  type IndexedBlob,
  type IndexedPack,
} from '../format/index-file.ts';
import { splitPacks } from './blob-saver.ts';
import { readIndexFile } from './index-loader.ts';
import { openPackedBlob } from './pack-audit.ts';
import { examineUnlistedPack, isAsIndexed, type ExaminedPack } from './repair-packs.ts';
import { surveyIndexFiles, type IndexSurvey } from './repair-survey.ts';
import type { Repository } from './repository.ts';

export interface UnusablePack {
  readonly name: string;
  readonly why: string;
  /** What is still whole in it and nowhere else: to be stored anew. */
  readonly salvage: readonly IndexedBlob[];
  /** Blobs that are damaged in it and nowhere else. */
  readonly lostCount: number;
}

export interface IndexRepairPlan {
  /** Index files to remove once their good packs stand in new ones. */
  readonly removeIndexFiles: readonly { name: string; why: string }[];
  /** Packs to write into new index files. */
  readonly writePacks: readonly IndexedPack[];
  /** Those of `writePacks` that no index listed rightly: they were read whole. */
  readonly addedPacks: readonly string[];
  /** Packs the index names that are not in the store. */
  readonly missingPacks: readonly string[];
  /** Damaged packs, and packs under a wrong name: in no index afterwards, and left where they are. */
  readonly unusablePacks: readonly UnusablePack[];
}

export interface IndexRepairOptions extends CallOptions {
  /** Read every pack, not only those that no index lists: damage inside packs is found, too. */
  readonly readData?: boolean | undefined;
  readonly onProgress?: ((packsRead: number, packCount: number) => void) | undefined;
}

export function changesNothing(plan: IndexRepairPlan): boolean {
  const { removeIndexFiles, writePacks, unusablePacks } = plan;
  return (
    removeIndexFiles.length === 0 &&
    writePacks.length === 0 &&
    unusablePacks.every(({ salvage }) => salvage.length === 0)
  );
}

/** Writes nothing. Fills the repository's index with what can be trusted; it must be empty before. */
export async function planIndexRepair(
  repository: Repository,
  options: IndexRepairOptions = {},
): Promise<IndexRepairPlan> {
  assertInternal(repository.index.size === 0, 'repair index with an index at hand');
  const survey = await surveyIndexFiles(repository, options);
  if (options.readData === true) await auditListed(repository, survey, options);
  const kept = await takeGoodPacks(repository, survey, options);
  const { added, bad } = await readUnlisted(repository, survey, options);
  return {
    removeIndexFiles: [...survey.remove].map(([name, why]) => ({ name, why })),
    writePacks: [...kept, ...added],
    addedPacks: added.map(({ id }) => id),
    missingPacks: [...survey.missing],
    unusablePacks: judgeBad(repository, bad),
  };
}

/** Damaged packs leave the list, to be dealt with as packs that no index lists. */
async function auditListed(
  repository: Repository,
  survey: IndexSurvey,
  { signal, onProgress }: IndexRepairOptions,
): Promise<void> {
  const total = survey.listedIn.size;
  let done = 0;
  for (const file of new Set(survey.listedIn.values())) {
    const { packs } = await readIndexFile(repository.files, file, { signal });
    for (const pack of packs) {
      if (survey.listedIn.get(pack.id) !== file) continue;
      if (!(await isAsIndexed(repository, pack, { signal }))) {
        survey.listedIn.delete(pack.id);
        survey.suspects.set(pack.id, pack.blobs);
        survey.remove.set(file, `names pack ${pack.id.slice(0, 8)}, which is damaged`);
      }
      done += 1;
      onProgress?.(done, total);
    }
  }
}

/**
 * Puts every rightly listed pack into the repository's index and returns those whose index file
 * goes. The files are read once more, because held in memory they would be too large.
 */
async function takeGoodPacks(
  { files, index }: Repository,
  survey: IndexSurvey,
  { signal }: CallOptions,
): Promise<IndexedPack[]> {
  const rewritten: IndexedPack[] = [];
  for (const file of new Set(survey.listedIn.values())) {
    const { packs } = await readIndexFile(files, file, { signal });
    for (const pack of packs) {
      if (survey.listedIn.get(pack.id) !== file || index.hasPack(pack.id)) continue;
      index.addPack(pack.id, pack.blobs);
      if (survey.remove.has(file)) rewritten.push(pack);
    }
  }
  return rewritten;
}

async function readUnlisted(
  repository: Repository,
  survey: IndexSurvey,
  { signal, onProgress }: IndexRepairOptions,
): Promise<{ added: IndexedPack[]; bad: ExaminedPack[] }> {
  const added: IndexedPack[] = [];
  const bad: ExaminedPack[] = [];
  const names = [...survey.stored.keys()].filter((name) => !survey.listedIn.has(name));
  for (const [at, name] of names.entries()) {
    const saidOfIt = survey.suspects.get(name) ?? [];
    const pack = await examineUnlistedPack(repository, name, { saidOfIt, signal });
    if (pack.audit.causes.length > 0) bad.push(pack);
    else {
      added.push({ id: name, blobs: pack.blobs });
      repository.index.addPack(name, pack.blobs);
    }
    onProgress?.(at + 1, names.length);
  }
  return { added, bad };
}

/** Only now, when all that is good is known. */
function judgeBad({ index }: Repository, bad: readonly ExaminedPack[]): UnusablePack[] {
  const taken = new Set<string>();
  const isNeeded = ({ type, id }: IndexedBlob): boolean =>
    !index.has(type, id) && !taken.has(`${type}:${id}`);
  const takeNeeded = (blobs: readonly IndexedBlob[]): IndexedBlob[] =>
    blobs.filter((blob) => {
      if (!isNeeded(blob)) return false;
      taken.add(`${blob.type}:${blob.id}`);
      return true;
    });
  const salvage = bad.map(({ audit }) => takeNeeded(audit.intact));
  return bad.map(({ name, audit }, at) => ({
    name,
    why: audit.causes.slice(0, 3).join('; '),
    salvage: salvage[at] ?? [],
    lostCount: takeNeeded(audit.damaged).length,
  }));
}

/** Needs the exclusive lock. A crash in between leaves old and new files, which `check` notes. */
export async function executeIndexRepair(
  repository: Repository,
  plan: IndexRepairPlan,
  options: CallOptions = {},
): Promise<void> {
  await storeSalvage(repository, plan, options);
  for (const packs of splitPacks(plan.writePacks, INDEX_MAX_BLOBS)) {
    repository.assertWritable();
    await repository.files.save('index', encodeIndexFile({ supersedes: [], packs }), options);
  }
  for (const { name } of plan.removeIndexFiles) {
    repository.assertWritable();
    await repository.backend.remove({ kind: 'index', name }, options);
  }
}

async function storeSalvage(
  repository: Repository,
  { unusablePacks }: IndexRepairPlan,
  options: CallOptions,
): Promise<void> {
  const saver = repository.startWriting(options);
  try {
    for (const { name, salvage } of unusablePacks) {
      if (salvage.length === 0) continue;
      const pack = await repository.backend.load({ kind: 'pack', name }, options);
      for (const blob of salvage) {
        const plaintext = openPackedBlob(pack, blob, repository.master);
        await saver.save(blob.type, blob.id, plaintext);
      }
    }
    await saver.flush();
  } catch (error) {
    await saver.abandon();
    throw error;
  }
}
