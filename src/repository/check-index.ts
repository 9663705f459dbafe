/** First part of `check`: index files and packs against each other. */
import type { CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { IndexedPack } from '../format/index-file.ts';
import { packSizeOf } from '../format/pack.ts';
import type { BlobIndex, BlobPlace } from './blob-index.ts';
import type { CheckProblem } from './check-problem.ts';
import { listIndexFiles, readIndexFile } from './index-loader.ts';
import { sameBlobs } from './pack-audit.ts';
import type { Repository } from './repository.ts';

interface KnownPack {
  readonly sizeBytes: number;
  readonly blobCount: number;
}

/** Loads every readable index file into the repository's index and says what is wrong with them. */
export async function* checkIndexFiles(
  repository: Repository,
  options: CallOptions = {},
): AsyncGenerator<CheckProblem, Map<string, KnownPack>> {
  const packs = new Map<string, KnownPack>();
  for (const { name } of await listIndexFiles(repository.backend, options)) {
    try {
      const { packs: found } = await readIndexFile(repository.files, name, options);
      for (const { id, blobs } of found) {
        yield* notePack(packs, repository.index, { id, blobs });
        repository.index.addPack(id, blobs);
      }
    } catch (error) {
      if (!isKeepsakeError(error, 'REPOSITORY_FILE_DAMAGED', 'BACKEND_FILE_NOT_FOUND')) throw error;
      yield { kind: 'index-damaged', name, why: describeCause(error) };
    }
  }
  return packs;
}

/** @param index holds the pack already, if an earlier file lists it */
function* notePack(
  packs: Map<string, KnownPack>,
  index: BlobIndex,
  { id, blobs }: IndexedPack,
): Generator<CheckProblem> {
  if (packs.has(id)) {
    const differs = !sameBlobs([...index.entriesOf(id)], blobs);
    yield { kind: 'pack-indexed-twice', pack: id, differs };
    return;
  }
  if (new Set(blobs.map(({ type }) => type)).size > 1) yield { kind: 'pack-mixed', pack: id };
  const sizeBytes = packSizeOf(blobs);
  packs.set(id, { sizeBytes, blobCount: blobs.length });
}

/** Sizes of the packs that are in the store. A pack the index names and this lacks is lost. */
export type StoredPacks = ReadonlyMap<string, number>;

/** Compares the packs of the index with those in the store. */
export async function* checkPackFiles(
  repository: Repository,
  indexed: ReadonlyMap<string, KnownPack>,
  options: CallOptions = {},
): AsyncGenerator<CheckProblem, StoredPacks> {
  const stored = new Map<string, number>();
  for await (const { name, sizeBytes } of repository.backend.list('pack', options)) {
    const known = indexed.get(name);
    stored.set(name, sizeBytes);
    if (known === undefined) {
      yield { kind: 'pack-unreferenced', pack: name, sizeBytes };
    } else if (known.sizeBytes !== sizeBytes) {
      const expectedBytes = known.sizeBytes;
      yield { kind: 'pack-size', pack: name, expectedBytes, actualBytes: sizeBytes };
    }
  }
  for (const [pack, { blobCount }] of indexed) {
    if (!stored.has(pack)) yield { kind: 'pack-missing', pack, blobCount };
  }
  return stored;
}

/** Blobs, as `type:id`, none of whose places is good. */
export function findLostBlobs(
  repository: Repository,
  stored: StoredPacks,
  damaged: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  const isBad = ({ packId, type, id, offset, length }: BlobPlace): boolean =>
    offset + length > (stored.get(packId) ?? 0) ||
    damaged.get(packId)?.has(`${type}:${id}`) === true;
  const lost = new Set<string>();
  for (const place of repository.index.entries()) {
    if (isBad(place) && repository.index.findAll(place.type, place.id).every(isBad)) {
      lost.add(`${place.type}:${place.id}`);
    }
  }
  return lost;
}
