import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

/** As they are now; puts them back as often as is wanted. */
export function freezeFolders(folders: readonly string[]): () => void {
  const frozen = folders.map((folder) => ({ folder, kept: readFrozen(folder) }));
  return () => {
    for (const { folder, kept } of frozen) {
      rmSync(folder, { recursive: true, force: true });
      for (const entry of kept) thaw(entry);
    }
  };
}

interface Frozen {
  readonly path: string;
  readonly stats: Stats;
  /** Absent: a folder. */
  readonly bytes?: Uint8Array;
}

/** In memory: `cpSync` takes several times as long for files as small as these. Folders first. */
function readFrozen(path: string): Frozen[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [{ path, stats, bytes: readFileSync(path) }];
  return [{ path, stats }, ...readdirSync(path).flatMap((name) => readFrozen(join(path, name)))];
}

function thaw({ path, stats: { mode, atime, mtime }, bytes }: Frozen): void {
  if (bytes === undefined) {
    mkdirSync(path, { mode, recursive: true });
    return;
  }
  writeFileSync(path, bytes, { mode });
  utimesSync(path, atime, mtime);
}
