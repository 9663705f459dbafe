import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemClock as clock } from '../base/clock.ts';
import type { ConfinedRequest } from './confined-protocol.ts';
import { runConfined } from './confined-run.ts';
import { findConfinement } from './confinement.ts';

const environment = { PATH: process.env['PATH'] };
const base = { environment, needsLoopback: true, mounts: [] } as const;
const SERVER = `
  require('node:http').createServer((_, response) => response.end('hello')).listen(8123, '127.0.0.1')
`;

async function run(request: Partial<ConfinedRequest> & Pick<ConfinedRequest, 'argv'>) {
  const { prefix } = await findConfinement({ clock, environment });
  const options = { clock, prefix, path: environment.PATH };
  return runConfined({ ...base, ...request }, options);
}

test.skipIf(!requireRoot())(
  'the page of a program without a network is asked for from the inside',
  async () => {
    const health = { url: 'http://127.0.0.1:8123/', status: 200, not: [] };
    const result = await run({
      argv: [process.execPath, '-e', SERVER],
      check: { health, limitMs: 20_000 },
    });
    expect(result.verdict?.kind).toBe('healthy');
    expect(result.page).toMatchObject({ status: 200, sizeBytes: 5 });
    await expect(fetch('http://127.0.0.1:8123/')).rejects.toThrow('fetch failed');
  },
);

test.skipIf(!requireRoot())(
  'a program in confinement reaches no port of this machine',
  async () => {
    const server = createServer((_, response) => response.end('live')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const code = `fetch('http://127.0.0.1:${port}/').then(() => process.exit(0), () => process.exit(9))`;
    const { end } = await run({ argv: [process.execPath, '-e', code] });
    expect(end?.exitCode).toBe(9);
    server.close();
  },
);

test.skipIf(!requireRoot())(
  'what lies below another path is seen there, and read-only means it',
  async () => {
    await using dir = await tempFolder();
    for (const name of ['live', 'copy']) {
      mkdirSync(dir.join(name, 'data'), { recursive: true });
      writeFileSync(dir.join(name, 'data', 'file'), name);
    }
    const [live, copy] = [dir.join('live'), dir.join('copy')];
    const code = `
    const fs = require('node:fs');
    fs.appendFileSync('${live}/data/file', ' changed');
    try { fs.writeFileSync('${live}/other', ''); } catch (error) { console.log(error.code); }
  `;
    const { lastLines, mountFailure } = await run({
      argv: [process.execPath, '-e', code],
      mounts: [
        { kind: 'read-only', path: live },
        { kind: 'bind', from: join(copy, 'data'), to: join(live, 'data') },
      ],
    });
    expect(mountFailure).toBeUndefined();
    expect(lastLines).toEqual(['EROFS']);
    expect(readFileSync(join(live, 'data/file'), 'utf8')).toBe('live');
    expect(readFileSync(join(copy, 'data/file'), 'utf8')).toBe('copy changed');
    expect(existsSync(join(live, 'other'))).toBe(false);
  },
);

test('a program that cannot be started is told of', async () => {
  const options = { clock, prefix: [], path: environment.PATH };
  const result = await runConfined(
    { ...base, needsLoopback: false, argv: ['/no/such/program'] },
    options,
  );
  expect(result.startFailure).toContain('/no/such/program could not be run');
});

test('where nothing can be taken from a program, that and the reason are told', async () => {
  await using dir = await tempFolder();
  writeFileSync(dir.join('unshare'), '#!/bin/sh\necho "unshare: not permitted" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const path = `${dir.path}:${environment.PATH}`;
  expect(await findConfinement({ clock, environment: { PATH: path } })).toEqual({
    prefix: [],
    network: false,
    files: false,
    reason: 'unshare: not permitted',
  });
});
