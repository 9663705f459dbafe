/** What kind of file system a path lies on, and how much room it has. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { fsPath } from '../base/raw-name.ts';

export interface FileSystemKind {
  /** `f_type` of statfs(2). */
  readonly magic: number;
  /** As in /proc/filesystems; `0x…` when not of the table below. */
  readonly name: string;
  /** Served by another machine or the host of this one: SQLite's WAL cannot be trusted there. */
  readonly isNetwork: boolean;
  /** Known to be of this machine alone: no other reads or writes it but through this kernel. */
  readonly isOnThisMachine: boolean;
  /** In memory: gone after a restart. */
  readonly isTmpfs: boolean;
}

interface Known {
  readonly name: string;
  readonly network?: true;
  readonly local?: true;
}

/** Source: linux include/uapi/linux/magic.h, and statfs(2). */
const KNOWN = new Map<number, Known>([
  [0xef53, { name: 'ext4', local: true }],
  [0x58465342, { name: 'xfs', local: true }],
  [0x9123683e, { name: 'btrfs', local: true }],
  [0x2fc12fc1, { name: 'zfs', local: true }],
  [0xf2f52010, { name: 'f2fs', local: true }],
  [0xca451a4e, { name: 'bcachefs', local: true }],
  [0x794c7630, { name: 'overlay' }],
  [0x01021994, { name: 'tmpfs', local: true }],
  [0x858458f6, { name: 'ramfs' }],
  [0x65735546, { name: 'fuse' }],
  [0x4d44, { name: 'vfat' }],
  [0x2011bab0, { name: 'exfat' }],
  [0x7366746e, { name: 'ntfs3' }],
  [0x9fa0, { name: 'proc' }],
  [0x62656572, { name: 'sysfs' }],
  [0x6969, { name: 'nfs', network: true }],
  [0xff534d42, { name: 'cifs', network: true }],
  [0xfe534d42, { name: 'smb3', network: true }],
  [0x517b, { name: 'smb', network: true }],
  [0x786f4256, { name: 'vboxsf', network: true }],
  [0xbacbacbc, { name: 'vmhgfs', network: true }],
  [0x01021997, { name: '9p', network: true }],
  [0x00c36400, { name: 'ceph', network: true }],
  [0x5346414f, { name: 'afs', network: true }],
  [0x73757245, { name: 'coda', network: true }],
  [0x0bd00bd0, { name: 'lustre', network: true }],
  [0x7461636f, { name: 'ocfs2', network: true }],
  [0x01161970, { name: 'gfs2', network: true }],
]);

/** All of them say `fuse` to statfs; only the table of mounts knows more. */
const FUSE_MAGIC = 0x65735546;
const REMOTE_FUSE =
  /^(?:virtiofs|fuse\.(?:sshfs|rclone|s3fs|glusterfs|ceph|ceph-fuse|gcsfuse|goofys|juicefs|davfs2?|curlftpfs|gvfsd-fuse|grpcfuse|osxfs))$/;

export async function fileSystemKind(path: string): Promise<FileSystemKind> {
  const { type } = await statfs(fsPath(path), { bigint: true });
  // Signed in the kernel's structure on some machines, so 0xff534d42 may arrive negative.
  const magic = Number(BigInt.asUintN(32, type));
  const known = KNOWN.get(magic);
  const mounted = magic === FUSE_MAGIC ? await mountedType(path) : undefined;
  const name = mounted ?? known?.name ?? `0x${magic.toString(16)}`;
  return {
    magic,
    name,
    isNetwork: known?.network === true || REMOTE_FUSE.test(name),
    isOnThisMachine: known?.local === true,
    isTmpfs: name === 'tmpfs' || name === 'ramfs',
  };
}

/** Bytes that this user may still write there. */
export async function freeSpace(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(fsPath(path), { bigint: true });
  return Number(bavail * bsize);
}

/** As `fuse.sshfs`; `undefined` where there is no table of mounts. */
async function mountedType(path: string): Promise<string | undefined> {
  const { dev } = await stat(fsPath(path), { bigint: true });
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return typeOfMount(table, dev);
}

/**
 * The type of the file system that has the device number.
 * Source: proc(5), mountinfo: `id parent major:minor root point options [tags] - type source …`
 */
export function typeOfMount(mountinfo: string, device: bigint): string | undefined {
  // makedev(3): 12 + 20 bits of the major, 8 + 24 of the minor number.
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    if (before?.split(' ')[2] === `${major}:${minor}`) return after?.split(' ')[0];
  }
  return undefined;
}
