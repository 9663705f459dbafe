/**
 * Where each kind of file stands below a repository's folder: restic's default layout.
 * Source: restic internal/backend/layout/layout_default.go @ a80be14.
 *
 *   config            keys/<name>      locks/<name>
 *   snapshots/<name>  index/<name>     data/<first two digits>/<name>
 *
 * A save in progress is `<target>-tmp-<16 hex digits>` beside its target.
 */
import { isHexId } from '../base/bytes.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { FileHandle, FileKind } from './backend.ts';

type ListedKind = Exclude<FileKind, 'config'>;

const FOLDERS: Readonly<Record<ListedKind, string>> = {
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
  index: 'index',
  pack: 'data',
};

const TEMPORARY = /^(?:config|[0-9a-f]{64})-tmp-[0-9a-f]{16}$/;

export function kindFolder(kind: ListedKind): string {
  return FOLDERS[kind];
}

/** The folder of one file, relative to the repository's; empty for `config`. */
export function handleFolder({ kind, name }: FileHandle): string {
  if (kind === 'config') return '';
  return kind === 'pack' ? `${FOLDERS.pack}/${name.slice(0, 2)}` : FOLDERS[kind];
}

/** The place of one file, relative to the repository's folder. Refuses any name but 64 hex digits. */
export function handlePath(handle: FileHandle): string {
  if (handle.kind === 'config') return 'config';
  assertInternal(isHexId(handle.name), `a ${handle.kind} was named "${handle.name}"`);
  return `${handleFolder(handle)}/${handle.name}`;
}

/** All folders of a new repository, parents first. */
export function layoutFolders(): string[] {
  const packFolders = Array.from(
    { length: 256 },
    (_, i) => `${FOLDERS.pack}/${i.toString(16).padStart(2, '0')}`,
  );
  return [...Object.values(FOLDERS), ...packFolders];
}

/** All that stands in a repository's folder itself. */
export const TOP_NAMES: readonly string[] = ['config', ...Object.values(FOLDERS)];

/** Whether a repository may have an entry of this name in this folder of it. */
export function isOfLayout(folder: ListedKind, name: string): boolean {
  if (isHexId(name) || isTemporaryName(name)) return true;
  return folder === 'pack' && /^[0-9a-f]{2}$/.test(name);
}

/** True for the temporary names that Keepsake itself makes (restic's end in decimal digits). */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}
