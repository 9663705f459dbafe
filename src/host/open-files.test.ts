import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startProgram } from '../../test/support/run-program.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { parseMountPoints } from './mount-points.ts';
import { findFileUsers } from './open-files.ts';
import { processIdentity } from './process-identity.ts';

test('a program that has a file open is found, whatever name it opened it by', async () => {
  await using dir = await tempFolder();
  const path = dir.join('prod.db');
  writeFileSync(path, 'x');
  expect(findFileUsers([path, dir.join('absent')])).toEqual([]);
  const script = `require('fs').openSync('${path}'); console.log('open'); setInterval(() => {}, 1e6)`;
  await using running = startProgram([process.execPath, '-e', script]);
  for await (const line of running.lines) if (line === 'open') break;
  expect(findFileUsers([path])).toMatchObject([{ pid: running.pid, path }]);
});

test('mount points with blanks and other bytes are read exactly', () => {
  const table = Buffer.from(
    '22 1 8:1 / / rw - ext4 /dev/sda1 rw\n36 22 0:31 / /mnt/a\\040b\\134\\303\\244 rw shared:1 - tmpfs tmpfs rw\n',
  );
  expect([...parseMountPoints(table)]).toEqual(['/', '/mnt/a b\\ä']);
});

test('a process is told from a later one of its number', () => {
  expect(processIdentity(process.pid)).toMatch(/^[0-9a-f-]+:\d+$/);
  expect(processIdentity(process.pid)).not.toBe(processIdentity(1));
  expect(processIdentity(2 ** 22 + 1)).toBeUndefined();
});
