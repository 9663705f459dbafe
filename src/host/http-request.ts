/** One GET, by `node:http` itself: no redirect is followed, nothing is kept open or cached. */
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../base/clock.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** Of the page, as far as it was waited for. */
  readonly sizeBytes: number;
  /** Of the same, hex. */
  readonly sha256: string;
}

export interface RequestOptions {
  readonly clock: Clock;
  /** Until the whole answer is there. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** More of a page is not waited for. */
const MAX_BODY_BYTES = 1_048_576;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Rejects with a plain error that never shows a password in the URL. */
export async function requestOnce(
  url: string,
  { clock, limitMs, signal }: RequestOptions,
): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  const sleeping = clock.sleep(limitMs, { signal: until }).then(
    () => over.abort(new Error(`no answer within ${Math.round(limitMs / 100) / 10} s`)),
    () => {}, // the answer came first
  );
  try {
    return await send(new URL(url), until);
  } finally {
    over.abort();
    await sleeping;
  }
}

async function send(url: URL, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const options = {
    agent: false,
    headers: { accept: 'text/html,*/*;q=0.8', 'user-agent': 'keepsake' },
    // Nobody stands between this machine and itself, and an app's own certificate is no illness.
    rejectUnauthorized: !LOOPBACK.test(url.hostname),
  };
  const receive = (response: IncomingMessage) => {
    const { statusCode: status = 0, headers } = response;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const done = () => {
      const sha256 = hash.copy().digest('hex');
      resolve({ status, location: headers.location, sizeBytes, sha256 });
    };
    response.on('data', (bytes: Uint8Array) => {
      sizeBytes += bytes.length;
      hash.update(bytes);
      if (sizeBytes > MAX_BODY_BYTES) done();
    });
    response.on('end', done).on('error', reject);
    response.on('close', () => reject(new Error('the answer was cut off')));
  };
  const sending =
    url.protocol === 'https:'
      ? httpsRequest(url, options, receive)
      : httpRequest(url, options, receive);
  const onAbort = () => sending.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  sending.on('error', reject).end();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    sending.destroy();
  }
}
