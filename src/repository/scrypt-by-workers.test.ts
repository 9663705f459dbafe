import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { utf8Encode } from '../base/bytes.ts';
import { scryptByNode } from '../format/kdf.ts';
import { canSpread, scryptByWorkers } from './scrypt-by-workers.ts';

vi.mock('node:worker_threads', { spy: true });

afterEach(() => {
  vi.mocked(Worker).mockClear();
});

const SALT = utf8Encode('salt');

test.each([
  { p: 2, r: 5 },
  { p: 3, r: 3 },
  { p: 7, r: 2 },
])('$p lanes over threads give what OpenSSL gives', { timeout: 20_000 }, async ({ p, r }) => {
  const params = { N: 32768, r, p };
  const derived = scryptByWorkers('päss', SALT, params);
  const answers = vi.mocked(Worker).mock.results.map(({ value }) => once(value, 'message'));
  expect(answers).toHaveLength(p === 2 ? 1 : 2);
  expect(await derived).toEqual(await scryptByNode('päss', SALT, params));
  expect(await Promise.all(answers)).toEqual(answers.map(() => ['mixed']));
});

test('where no thread can be started OpenSSL answers', async () => {
  vi.mocked(Worker).mockImplementationOnce(function refuse() {
    throw new Error('no threads here');
  });
  const params = { N: 32768, r: 5, p: 2 };
  expect(await scryptByWorkers('x', SALT, params)).toEqual(await scryptByNode('x', SALT, params));
});

test('a thread that ends without an answer leaves it to OpenSSL', async () => {
  vi.mocked(Worker).mockImplementationOnce(function dying() {
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit('exit', 0));
    return Object.assign(emitter, { terminate: () => Promise.resolve(0) }) as unknown as Worker;
  });
  const params = { N: 32768, r: 5, p: 2 };
  expect(await scryptByWorkers('x', SALT, params)).toEqual(await scryptByNode('x', SALT, params));
});

test('what is small, or takes much memory, is left to OpenSSL', () => {
  expect(canSpread({ N: 32768, r: 8, p: 1 })).toBe(false);
  expect(canSpread({ N: 1024, r: 8, p: 16 })).toBe(false);
  expect(canSpread({ N: 2 ** 17, r: 8, p: 2 })).toBe(false);
  expect(canSpread({ N: 32768, r: 8, p: 7 })).toBe(true);
});
