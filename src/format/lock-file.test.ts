import { expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { decodeLockFile, encodeLockFile, type LockFile } from './lock-file.ts';

const LOCK: LockFile = {
  time: '2026-11-23T08:15:30.123456789+01:00',
  exclusive: true,
  hostname: 'nas',
  username: 'root',
  pid: 4711,
};

test('a lock is written with restic’s fields in restic’s order', () => {
  const lock = { ...LOCK, uid: 1000, gid: 100, pidNamespace: 'pid:[4026531836]' };
  expect(utf8Decode(encodeLockFile(lock))).toBe(
    '{"time":"2026-11-23T08:15:30.123456789+01:00","exclusive":true,"hostname":"nas",' +
      '"username":"root","pid":4711,"uid":1000,"gid":100,"pid_namespace":"pid:[4026531836]"}',
  );
});

test('a uid and gid of 0 are left out, as Go does', () => {
  expect(utf8Decode(encodeLockFile({ ...LOCK, uid: 0, gid: 0 }))).not.toMatch(/uid|gid/);
});

test('any lock comes back as it was', () => {
  const text = fc
    .array(fc.constantFrom(...'a é < > & " \\ \n \0 \u2028 🎁 \ufffd 日'.split(' ')), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));
  const lock = fc.record(
    {
      time: fc.constant(LOCK.time),
      exclusive: fc.boolean(),
      hostname: text,
      username: text,
      pid: fc.nat(),
      uid: fc.integer({ min: 1, max: 0xffff_ffff }),
      gid: fc.integer({ min: 1, max: 0xffff_ffff }),
      pidNamespace: text,
    },
    { requiredKeys: ['time', 'exclusive', 'hostname', 'username', 'pid'] },
  );
  fc.assert(
    fc.property(lock, (value) => {
      const lock = value as LockFile;
      expect(decodeLockFile(encodeLockFile(lock))).toEqual(lock);
    }),
  );
});

const TEXT = utf8Decode(encodeLockFile(LOCK));
test.each([
  ['time', TEXT.replace('2026-', '26-')],
  ['exclusive', TEXT.replace('true', '1')],
  ['hostname', TEXT.replace('"nas"', 'null')],
  ['username', TEXT.replace('"username"', '"name"')],
  ['pid', TEXT.replace('4711', '-1')],
  ['uid', TEXT.replace('}', ',"uid":4294967296}')],
])('a wrong %s is refused: %s', (where, text) => {
  expect(() => decodeLockFile(utf8Encode(text))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining(`the lock file is malformed at ${where}:`),
    }),
  );
});
