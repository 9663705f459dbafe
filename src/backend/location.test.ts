import { expect, test } from 'vitest';
import { parseLocation } from './location.ts';

test.each([
  ['/backups/wishlist', '/backups/wishlist'],
  ['backups', 'backups'],
  ['./a:b', './a:b'],
  ['/a/sftp:b', '/a/sftp:b'],
  ['local:/backups', '/backups'],
  ['local:s3:odd', 's3:odd'],
  ['note: this', 'note: this'],
  ['/with spaces/ü', '/with spaces/ü'],
])('"%s" is the local path %s', (text, path) => {
  expect(parseLocation(text)).toEqual({ scheme: 'local', path });
});

test.each(['sftp:u@h:/r', 'rest:https://u:pw@h/', 's3:s3.amazonaws.com/b', 'rclone:r:p', 'b2:b:p'])(
  '"%s" is said to be unsupported, naming what is supported and no secret',
  (text) => {
    try {
      parseLocation(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'BACKEND_SCHEME_UNSUPPORTED' });
      expect((error as Error).message).toContain('supported today: local');
      expect(JSON.stringify(error)).not.toContain('pw');
    }
  },
);

test.each(['https://host/repo', 'ftp://x'])('the URL "%s" is no folder', (text) => {
  expect(() => parseLocation(text)).toThrow(/not supported/);
});

test.each(['', '   ', 'local:', 'C:\\backups', 'c:/backups', '\\\\nas\\share', 'a\0b'])(
  '%j names no repository',
  (text) => {
    expect(() => parseLocation(text)).toThrow(
      expect.objectContaining({ code: 'BACKEND_LOCATION_INVALID' }),
    );
  },
);
