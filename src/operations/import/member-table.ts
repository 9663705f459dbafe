/**
 * The members of an archive as tar would leave them on disk: the last of a name wins, a hard link is
 * one more name of what it leads to. What would reach out of the archive is refused.
 */
import { posix } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { MANIFEST_FOLDER } from '../../snapshot/manifest.ts';
import { databaseOfSidecar } from '../../source/sqlite-files.ts';
import type { TarMember } from '../../source/tar-reader.ts';

/** What was found out about a member's content, and where it is now. */
export interface MemberContent {
  readonly isDatabase: boolean;
  /** Data blobs in their order. */
  readonly blobs?: readonly string[] | undefined;
  /** A file in scratch that holds it. */
  readonly copy?: string | undefined;
  /** Where the member's header does not tell it. */
  readonly sizeBytes?: number | undefined;
}

/** One file, folder or other; hard links give it several names. */
export interface ImportedEntry extends MemberContent {
  readonly member: TarMember;
  /** Order of its first name. */
  readonly number: number;
  linkCount: number;
}

/** A database and the files beside it that SQLite would take for parts of it. */
export interface DatabaseMember {
  readonly key: string;
  readonly entry: ImportedEntry;
  readonly sidecars: readonly string[];
}

const SIDECARS = ['-wal', '-journal', '-shm'] as const;

export class MemberTable {
  /** By clean path without a slash before; `''` is the archive's own top. */
  readonly entries = new Map<string, ImportedEntry>();
  /** Names began with a slash, which was left out as tar does. */
  hadAbsoluteNames = false;
  readonly #archive: string;
  /** Folders that something lies in, whether they are members themselves or not. */
  readonly #folders = new Set<string>();
  #count = 0;

  constructor(archive: string) {
    this.#archive = archive;
  }

  /** The clean path. Throws `IMPORT_MEMBER_REFUSED`. */
  keyOf({ name }: TarMember): string {
    if (name.startsWith('/')) this.hadAbsoluteNames = true;
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw this.refused(name, 'its path has ".." in it');
    return parts.join('/');
  }

  has(key: string): boolean {
    return this.entries.has(key) || this.#folders.has(key) || key === '';
  }

  add(key: string, member: TarMember, content: MemberContent): void {
    this.#assertPlace(key, member);
    const entry = member.type === 'link' ? this.#linked(member) : this.#newEntry(member, content);
    const replaced = this.entries.get(key);
    if (replaced === entry) return;
    if (replaced !== undefined) replaced.linkCount -= 1;
    entry.linkCount += 1;
    this.entries.delete(key);
    this.entries.set(key, entry);
    for (const folder of foldersAbove(key)) this.#folders.add(folder);
  }

  /** Those that begin as one, and empty ones whose content is all in their WAL. */
  databases(): DatabaseMember[] {
    const found: DatabaseMember[] = [];
    for (const [key, entry] of this.entries) {
      if (!entry.isDatabase && entry.member.sizeBytes > 0) continue;
      if (entry.member.type !== 'file' || databaseOfSidecar(key) !== undefined) continue;
      const sidecars = SIDECARS.map((ending) => key + ending).filter(
        (path) => this.entries.get(path)?.member.type === 'file',
      );
      const walBytes = this.entries.get(`${key}-wal`)?.member.sizeBytes ?? 0;
      const isInWal =
        entry.member.sizeBytes === 0 && sidecars.includes(`${key}-wal`) && walBytes > 0;
      if (entry.isDatabase || isInWal) found.push({ key, entry, sidecars });
    }
    return found;
  }

  /** The deepest folder that everything lies in; `''` if there is none. */
  commonFolder(): string {
    let common: string[] | undefined;
    for (const [key, { member }] of this.entries) {
      if (key === '') continue;
      const folder = member.type === 'dir' ? key : key.slice(0, Math.max(0, key.lastIndexOf('/')));
      const parts = folder.split('/').filter((part) => part !== '');
      // Folders on the way to the others say nothing.
      if (member.type === 'dir' && this.#folders.has(key)) continue;
      common ??= parts;
      const differs = common.findIndex((part, at) => parts[at] !== part);
      if (differs >= 0) common = common.slice(0, differs);
    }
    return (common ?? []).join('/');
  }

  /**
   * Throws `IMPORT_MEMBER_REFUSED` for a symlink that leads out of the archive, in which everything
   * lies below `bound`, and out of the folder it is imported to.
   */
  assertLinksStay(target: string): void {
    const bound = this.commonFolder();
    for (const [key, { member }] of this.entries) {
      if (member.type !== 'symlink' || this.#staysInside(key, member.linkTarget, { bound, target }))
        continue;
      const why = `it is a link that leads out of the archive, to "${member.linkTarget}"`;
      throw this.refused(member.name, why);
    }
  }

  refused(member: string, why: string): KeepsakeError {
    return new KeepsakeError('IMPORT_MEMBER_REFUSED', { path: this.#archive, member, why });
  }

  #staysInside(
    key: string,
    to: string,
    { bound, target }: { bound: string; target: string },
  ): boolean {
    if (to.startsWith('/')) {
      const path = posix.normalize(to).replace(/\/+$/, '');
      const inTarget = target !== '/' && isWithin(path.slice(1), target.slice(1));
      return (
        inTarget || this.has(path.slice(1)) || (bound !== '' && isWithin(path.slice(1), bound))
      );
    }
    const path = posix.normalize(posix.join(posix.dirname(key), to)).replace(/\/+$/, '');
    if (path === '..' || path.startsWith('../')) return false;
    return isWithin(path === '.' ? '' : path, bound) || (path !== '.' && this.has(path));
  }

  #assertPlace(key: string, { name, type }: TarMember): void {
    for (const folder of foldersAbove(key)) {
      const above = this.entries.get(folder)?.member.type;
      if (above === undefined || above === 'dir') continue;
      const what = above === 'symlink' ? 'the link' : `"${above}"`;
      throw this.refused(name, `it lies below ${what} "${folder}" of the same archive`);
    }
    if (type !== 'dir' && (this.#folders.has(key) || key === '')) {
      throw this.refused(name, 'it would replace a folder that holds other members');
    }
  }

  #newEntry(member: TarMember, content: MemberContent): ImportedEntry {
    this.#count += 1;
    return { member, ...content, number: this.#count, linkCount: 0 };
  }

  #linked(member: TarMember): ImportedEntry {
    const to = this.keyOf({ ...member, name: member.linkTarget });
    const entry = this.entries.get(to);
    if (entry === undefined || entry.member.type === 'dir') {
      const why = `it is a hard link to "${member.linkTarget}", which is no file of the archive before it`;
      throw this.refused(member.name, why);
    }
    return entry;
  }
}

/** Keepsake's own folder in an archive of `export`: each snapshot has one of its own. */
export function isOwnMember(key: string): boolean {
  return key === MANIFEST_FOLDER || key.startsWith(`${MANIFEST_FOLDER}/`);
}

function* foldersAbove(key: string): Generator<string> {
  for (let slash = key.indexOf('/'); slash > 0; slash = key.indexOf('/', slash + 1)) {
    yield key.slice(0, slash);
  }
}

export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
