/** Second part of `repair index`: what is in the packs that no index lists rightly. */
import type { CallOptions } from '../backend/backend.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { IndexedBlob } from '../format/index-file.ts';
import { isFileDamage } from './blob-loader.ts';
import { auditPack, type PackAudit } from './pack-audit.ts';
import { readPackHeader } from './pack-header.ts';
import type { Repository } from './repository.ts';

export interface ExaminedPack {
  readonly name: string;
  readonly blobs: readonly IndexedBlob[];
  readonly audit: PackAudit;
}

/**
 * Reads a pack whole, since a pack that no index lists may have been left out for its damage. Its
 * own header counts; where that cannot be read, what an index once said of it may still be true.
 */
export async function examineUnlistedPack(
  { backend, master }: Repository,
  name: string,
  { saidOfIt, signal }: CallOptions & { saidOfIt: readonly IndexedBlob[] },
): Promise<ExaminedPack> {
  let bytes: Uint8Array;
  try {
    bytes = await backend.load({ kind: 'pack', name }, { signal });
  } catch (error) {
    if (!isFileDamage(error)) throw error;
    return { name, blobs: saidOfIt, audit: unreadable(error, saidOfIt) };
  }
  const blobs = headerOf(bytes, master) ?? saidOfIt;
  return { name, blobs, audit: auditPack({ name, bytes }, blobs, master) };
}

function headerOf(
  bytes: Uint8Array,
  master: Repository['master'],
): readonly IndexedBlob[] | undefined {
  try {
    return readPackHeader(bytes, master);
  } catch (error) {
    if (isKeepsakeError(error) && error.code.startsWith('FORMAT_')) return undefined;
    throw error;
  }
}

/** Whether a pack is exactly as the index says; what the disk does not give is not. */
export async function isAsIndexed(
  { backend, master }: Repository,
  { id: name, blobs }: { id: string; blobs: readonly IndexedBlob[] },
  { signal }: CallOptions = {},
): Promise<boolean> {
  try {
    const bytes = await backend.load({ kind: 'pack', name }, { signal });
    return auditPack({ name, bytes }, blobs, master).causes.length === 0;
  } catch (error) {
    if (!isFileDamage(error)) throw error;
    return false;
  }
}

function unreadable(error: unknown, blobs: readonly IndexedBlob[]): PackAudit {
  return { causes: [describeCause(error)], intact: [], damaged: blobs };
}
