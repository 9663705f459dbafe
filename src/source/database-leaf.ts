import type { Leaf } from './source.ts';

/** False also for what cannot be read: whoever reads it then finds out why. */
export function isDatabaseLeaf({ database, looksLikeDatabase }: Leaf): boolean {
  try {
    return database === true || looksLikeDatabase?.() === true;
  } catch {
    return false;
  }
}
