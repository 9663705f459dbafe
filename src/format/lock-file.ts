/**
 * A lock file: who works on the repository right now. Unpacked (`unpacked.ts`) JSON:
 *
 *   {"time":"<RFC 3339>","exclusive":false,"hostname":"…","username":"…","pid":1234,
 *    "uid":1000,"gid":1000,            each omitted when 0
 *    "pid_namespace":"pid:[4026531836]"}
 *
 * `pid_namespace` is ours: only where host name and namespace agree does a pid say anything about
 * a process here. restic ignores it.
 * Source: restic doc/design.rst § Locks, internal/repository/lock_file.go @ a80be14.
 */
import { utf8Encode } from '../base/bytes.ts';
import { JsonField, UINT32_MAX } from './json-fields.ts';
import { encodeGoString } from './json-text.ts';

export interface LockFile {
  /** RFC 3339, as written. */
  readonly time: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly pidNamespace?: string;
}

export function encodeLockFile(lock: LockFile): Uint8Array {
  const { time, exclusive, hostname, username, pid, uid, gid, pidNamespace } = lock;
  const fields = [
    `"time":${encodeGoString(time)}`,
    `"exclusive":${exclusive}`,
    `"hostname":${encodeGoString(hostname)}`,
    `"username":${encodeGoString(username)}`,
    `"pid":${pid}`,
  ];
  if (uid !== undefined && uid !== 0) fields.push(`"uid":${uid}`);
  if (gid !== undefined && gid !== 0) fields.push(`"gid":${gid}`);
  if (pidNamespace !== undefined) fields.push(`"pid_namespace":${encodeGoString(pidNamespace)}`);
  return utf8Encode(`{${fields.join(',')}}`);
}

export function decodeLockFile(bytes: Uint8Array): LockFile {
  const lock = JsonField.parse('lock file', bytes);
  const uid = lock.get('uid');
  const gid = lock.get('gid');
  const pidNamespace = lock.get('pid_namespace');
  return {
    time: lock.get('time').time(),
    exclusive: lock.get('exclusive').flag(),
    hostname: lock.get('hostname').text(),
    username: lock.get('username').text(),
    pid: lock.get('pid').integer(0, Number.MAX_SAFE_INTEGER),
    ...(uid.isAbsent ? {} : { uid: uid.integer(0, UINT32_MAX) }),
    ...(gid.isAbsent ? {} : { gid: gid.integer(0, UINT32_MAX) }),
    ...(pidNamespace.isAbsent ? {} : { pidNamespace: pidNamespace.text() }),
  };
}
