/** Before a backup relies on what is stored: are the packs that the index names still there? */
import type { CallOptions } from '../backend/backend.ts';
import type { Repository } from './repository.ts';

/**
 * Names the packs that are missing or cut short. What only they hold counts as not stored from now
 * on. The index must be loaded: a pack that another backup stores meanwhile is then not in it.
 */
export async function distrustLostPacks(
  { backend, index }: Repository,
  options: CallOptions = {},
): Promise<string[]> {
  const sizes = new Map<string, number>();
  for await (const { name, sizeBytes } of backend.list('pack', options)) sizes.set(name, sizeBytes);
  const lost = index.packIds().filter((id) => (sizes.get(id) ?? 0) <= index.blobBytesOf(id));
  for (const id of lost) index.distrust(id);
  return lost;
}
