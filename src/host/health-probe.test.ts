import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { probeHealth, type HealthCheck } from './health-probe.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Gives its answers one after the other, the last one for ever. */
async function serve(...answers: Answer[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    port,
    check: { ...wishlist, url: `http://127.0.0.1:${port}/login` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const wishlist: HealthCheck = {
  url: '',
  status: 200,
  not: [
    { status: 302, location: '/setup-wizard', means: 'no users' },
    { status: 500, means: 'damaged' },
    { status: 502, means: 'only the web server' },
  ],
};
const quick = { clock: systemClock, limitMs: 2000, tryMs: 500, pauseMs: 20, graceMs: 200 };

const page =
  (status: number, location?: string): Answer =>
  (_request, response) =>
    void response.writeHead(status, location === undefined ? {} : { location }).end('x'.repeat(9));

test('an app that answers as it should is healthy at the first try', async () => {
  await using app = await serve(page(200));
  const verdict = await probeHealth(app.check, quick);
  expect(verdict).toMatchObject({ kind: 'healthy', tries: 1 });
  expect(app.asked).toEqual(['GET /login']);
});

test('an app that is refused, silent, cut off and ill first, and then well, is healthy', async () => {
  await using app = await serve(
    () => {},
    (request) => void request.socket.destroy(),
    page(502),
    page(500),
    page(200),
  );
  expect(await probeHealth(app.check, quick)).toMatchObject({ kind: 'healthy', tries: 5 });
});

test('a known bad answer is believed when it stays, and says what it means', async () => {
  await using app = await serve(page(302, '/setup-wizard'));
  const start = performance.now();
  const verdict = await probeHealth(app.check, quick);
  expect(verdict).toMatchObject({
    kind: 'unhealthy',
    reason: 'status 302 to /setup-wizard',
    means: 'no users',
  });
  expect(performance.now() - start).toBeGreaterThan(quick.graceMs - 5);
  expect(performance.now() - start).toBeLessThan(quick.limitMs - 200);
  expect(app.asked.every((line) => line === 'GET /login')).toBe(true); // no redirect is followed
});

test('only the redirect that is named is bad, with a host, a step or a query, too', async () => {
  for (const [location, kind] of [
    ['http://wishes.example.test/setup-wizard/step/1?next=%2F', 'unhealthy'],
    ['/setup-wizard?a', 'unhealthy'],
    ['/setup-wizards', 'healthy'],
    ['/login/oidc', 'healthy'],
  ] as const) {
    await using app = await serve(page(302, location));
    const verdict = await probeHealth({ ...app.check, status: 302 }, { ...quick, graceMs: 0 });
    expect([location, verdict.kind]).toEqual([location, kind]);
  }
});

test('a web server whose app is still starting gets all the time there is', async () => {
  await using app = await serve(page(502));
  const start = performance.now();
  const verdict = await probeHealth(app.check, { ...quick, limitMs: 600, graceMs: 50 });
  expect(verdict).toMatchObject({ kind: 'unhealthy', means: 'only the web server' });
  expect(performance.now() - start).toBeGreaterThan(500);
});

test('an answer nobody foresaw is no health, and is named at the end', async () => {
  await using app = await serve(page(404));
  const verdict = await probeHealth(app.check, { ...quick, limitMs: 300 });
  expect(verdict).toMatchObject({ kind: 'unhealthy', reason: 'status 404', means: undefined });
});

test('an app that never answers ends at the limit, and the last error is told', async () => {
  await using app = await serve(() => {});
  const silent = await probeHealth(app.check, { ...quick, limitMs: 700, tryMs: 200 });
  expect(silent).toMatchObject({ kind: 'timeout', lastError: 'no answer within 0.2 s' });
  const { port } = app;
  await app[Symbol.asyncDispose]();
  const url = `http://user:secret@127.0.0.1:${port}/login`;
  const refused = await probeHealth({ ...wishlist, url }, { ...quick, limitMs: 200 });
  expect(refused).toMatchObject({ kind: 'timeout', lastError: expect.stringMatching(/refused/i) });
  expect(JSON.stringify(refused)).not.toContain('secret');
});

test('a page without an end is no reason to wait', async () => {
  await using app = await serve((_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  expect(await probeHealth(app.check, quick)).toMatchObject({ kind: 'healthy', tries: 1 });
});

test('a cancelled probe ends at once', async () => {
  await using app = await serve(() => {});
  const cancel = new AbortController();
  const reason = new Error('cancelled');
  const probing = probeHealth(app.check, { ...quick, tryMs: 5000, signal: cancel.signal });
  while (app.asked.length === 0) await setImmediate();
  cancel.abort(reason);
  const start = performance.now();
  await expect(probing).rejects.toBe(reason);
  expect(performance.now() - start).toBeLessThan(1000);
});
