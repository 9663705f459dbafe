/**
 * `st_mode` of Linux against Go's `os.FileMode`, which is what a node stores.
 *
 *   Go bit   meaning        node type            st_mode
 *   1<<31    directory      dir                  S_IFDIR  0o040000
 *   1<<27    symlink        symlink              S_IFLNK  0o120000
 *   1<<26    device         dev (block)          S_IFBLK  0o060000
 *   1<<26 | 1<<21           chardev              S_IFCHR  0o020000
 *   1<<25    named pipe     fifo                 S_IFIFO  0o010000
 *   1<<24    socket         socket               S_IFSOCK 0o140000
 *   1<<23    setuid                              0o4000
 *   1<<22    setgid                              0o2000
 *   1<<20    sticky                              0o1000
 *   1<<19    irregular      irregular            none of the above
 *   0o777    permissions                         0o777
 *
 * Source: Go 1.25 io/fs/fs.go and os/stat_linux.go; the bits restic keeps are those above
 * (`NodeFromFileInfo`, restic internal/fs/node.go @ a80be14).
 */
import type { NodeType } from './node.ts';

const SETUID = 2 ** 23;
const SETGID = 2 ** 22;
const STICKY = 2 ** 20;

interface FileKindBits {
  readonly type: NodeType;
  readonly bits: number;
}

const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, FileKindBits> = new Map([
  [0o100000, { type: 'file', bits: 0 }],
  [0o040000, { type: 'dir', bits: 2 ** 31 }],
  [0o120000, { type: 'symlink', bits: 2 ** 27 }],
  [0o060000, { type: 'dev', bits: 2 ** 26 }],
  [0o020000, { type: 'chardev', bits: 2 ** 26 + 2 ** 21 }],
  [0o010000, { type: 'fifo', bits: 2 ** 25 }],
  [0o140000, { type: 'socket', bits: 2 ** 24 }],
]);
const IRREGULAR: FileKindBits = { type: 'irregular', bits: 2 ** 19 };

/** What a node says of a file with this `st_mode`. */
export function modeFromStat(stMode: number): { type: NodeType; mode: number } {
  const { type, bits } = KINDS.get(stMode & S_IFMT) ?? IRREGULAR;
  const special =
    ((stMode & 0o4000) === 0 ? 0 : SETUID) +
    ((stMode & 0o2000) === 0 ? 0 : SETGID) +
    ((stMode & 0o1000) === 0 ? 0 : STICKY);
  return { type, mode: bits + special + (stMode & 0o777) };
}

/** The 12 bits for `chmod`: permissions, setuid, setgid, sticky. */
export function statModeFromMode(mode: number): number {
  return (
    (mode & 0o777) |
    ((mode & SETUID) === 0 ? 0 : 0o4000) |
    ((mode & SETGID) === 0 ? 0 : 0o2000) |
    ((mode & STICKY) === 0 ? 0 : 0o1000)
  );
}
