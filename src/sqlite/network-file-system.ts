/** Whether a file lies on a network file system, where SQLite's locks cannot be trusted. */
import { statfs } from 'node:fs/promises';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { fsPath } from '../base/raw-name.ts';

/**
 * `f_type` of statfs(2). Source: linux/magic.h and the man page. FUSE is not among them: it may be
 * anything, also a local disk.
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x786f4256, 'VirtualBox shared folder'],
  [0xbacbacbc, 'VMware shared folder'],
]);

/** `f_type` of the file system that holds `path`. */
export type FileSystemTypeOf = (path: string) => Promise<number>;

export const statFileSystemType: FileSystemTypeOf = async (path) =>
  (await statfs(fsPath(path))).type;

/** Throws `DATABASE_NETWORK_FILESYSTEM`. */
export async function assertLocalFileSystem(
  path: string,
  typeOf: FileSystemTypeOf = statFileSystemType,
): Promise<void> {
  // Some kernels sign-extend the 32-bit number.
  const fileSystem = NETWORK_FILE_SYSTEMS.get((await typeOf(path)) >>> 0);
  if (fileSystem !== undefined) {
    throw new KeepsakeError('DATABASE_NETWORK_FILESYSTEM', { path, fileSystem });
  }
}
