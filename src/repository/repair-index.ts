/**
 * `repair index`: makes the index tell the truth about the packs that are there. New index files
 * are written before old ones go, and packs are never touched.
 */
import type { CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { encodeIndexFile, type IndexedPack } from '../format/index-file.ts';
import { packSizeOf } from '../format/pack.ts';
import { splitPacks } from './blob-saver.ts';
import { readIndexFile } from './index-loader.ts';
import { loadPackHeader } from './pack-header.ts';
import type { Repository } from './repository.ts';

export interface IndexRepairPlan {
  /** Index files to remove once their good packs stand in new ones. */
  readonly removeIndexFiles: readonly { name: string; why: string }[];
  /** Packs to write into new index files. */
  readonly writePacks: readonly IndexedPack[];
  /** Packs whose header was read because no index lists them rightly. */
  readonly addedPacks: readonly string[];
  /** Packs the index names that are not in the store. */
  readonly missingPacks: readonly string[];
  /** Packs in the store whose header cannot be read: left alone, and out of the index. */
  readonly unreadablePacks: readonly { name: string; why: string }[];
}

interface Draft {
  readonly remove: Map<string, string>;
  /** Good packs by the index file that lists them. */
  readonly good: Map<string, IndexedPack[]>;
  readonly listed: Set<string>;
  readonly missing: Set<string>;
}

export async function planIndexRepair(
  repository: Repository,
  options: CallOptions = {},
): Promise<IndexRepairPlan> {
  const stored = new Map<string, number>();
  for await (const { name, sizeBytes } of repository.backend.list('pack', options)) {
    stored.set(name, sizeBytes);
  }
  const draft: Draft = {
    remove: new Map(),
    good: new Map(),
    listed: new Set(),
    missing: new Set(),
  };
  for await (const { name } of repository.backend.list('index', options)) {
    await draftIndexFile({ repository, draft, stored }, name, options);
  }
  const { added, unreadable } = await readUnlisted(repository, draft, stored, options);
  const kept = [...draft.remove.keys()].flatMap((name) => draft.good.get(name) ?? []);
  return {
    removeIndexFiles: [...draft.remove].map(([name, why]) => ({ name, why })),
    writePacks: [...kept, ...added],
    addedPacks: added.map(({ id }) => id),
    missingPacks: [...draft.missing],
    unreadablePacks: unreadable,
  };
}

async function draftIndexFile(
  context: { repository: Repository; draft: Draft; stored: ReadonlyMap<string, number> },
  name: string,
  options: CallOptions,
): Promise<void> {
  const { repository, draft, stored } = context;
  try {
    const { packs } = await readIndexFile(repository.files, name, options);
    const good: IndexedPack[] = [];
    for (const pack of packs) {
      const problem = judgePack(pack, stored, draft);
      if (problem === undefined) good.push(pack);
      else draft.remove.set(name, problem);
    }
    for (const { id } of good) draft.listed.add(id);
    draft.good.set(name, good);
  } catch (error) {
    if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED')) throw error;
    draft.remove.set(name, describeCause(error));
  }
}

function judgePack(
  pack: IndexedPack,
  stored: ReadonlyMap<string, number>,
  draft: Draft,
): string | undefined {
  const sizeBytes = stored.get(pack.id);
  if (sizeBytes === undefined) {
    draft.missing.add(pack.id);
    return `names pack ${pack.id}, which is missing`;
  }
  if (packSizeOf(pack.blobs) !== sizeBytes) return `is wrong about pack ${pack.id}`;
  return draft.listed.has(pack.id) ? `names pack ${pack.id} once more` : undefined;
}

async function readUnlisted(
  repository: Repository,
  draft: Draft,
  stored: ReadonlyMap<string, number>,
  options: CallOptions,
): Promise<{ added: IndexedPack[]; unreadable: { name: string; why: string }[] }> {
  const added: IndexedPack[] = [];
  const unreadable: { name: string; why: string }[] = [];
  for (const [name, sizeBytes] of stored) {
    if (draft.listed.has(name)) continue;
    try {
      added.push({
        id: name,
        blobs: await loadPackHeader(repository, { name, sizeBytes }, options),
      });
    } catch (error) {
      if (!isKeepsakeError(error) || !/^(FORMAT_|BACKEND_SHORT)/.test(error.code)) throw error;
      unreadable.push({ name, why: error.message });
    }
  }
  return { added, unreadable };
}

/** Needs the exclusive lock. New files first; a crash in between leaves both, which `check` notes. */
export async function executeIndexRepair(
  repository: Repository,
  plan: IndexRepairPlan,
  options: CallOptions = {},
): Promise<void> {
  for (const packs of splitPacks(plan.writePacks)) {
    repository.assertWritable();
    await repository.files.save('index', encodeIndexFile({ supersedes: [], packs }), options);
  }
  for (const { name } of plan.removeIndexFiles) {
    repository.assertWritable();
    await repository.backend.remove({ kind: 'index', name }, options);
  }
}
