import { createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { StandardStream } from './standard-stream.ts';

function standard(stream: object): StandardStream {
  return new StandardStream(stream as NodeJS.WriteStream);
}

test('a writer waits while the reader is behind, and goes on when it has read', async () => {
  const pipe = new PassThrough({ highWaterMark: 10 });
  const out = standard(pipe);
  out.write(new Uint8Array(100));
  const ready = out.drained().then(() => 'ready');
  const soon = new Promise((resolve) => setImmediate(resolve, 'still waiting'));
  expect(await Promise.race([ready, soon])).toBe('still waiting');
  pipe.resume();
  expect(await ready).toBe('ready');
});

test('an abort ends the wait with its reason', async () => {
  const out = standard(new PassThrough({ highWaterMark: 10 }));
  out.write('x'.repeat(100));
  const controller = new AbortController();
  const waiting = out.drained({ signal: controller.signal });
  controller.abort(new Error('Ctrl-C'));
  await expect(waiting).rejects.toThrow('Ctrl-C');
});

test('a reader that left is told to those who wait, and to nobody else', async () => {
  const pipe = new PassThrough();
  const out = standard(pipe);
  pipe.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }));
  await new Promise(setImmediate);
  out.write('nobody reads this');
  await expect(out.drained()).rejects.toMatchObject({ code: 'CLI_OUTPUT_CLOSED' });
});

test('what could not be written is an error in the end', async () => {
  const out = standard(createWriteStream('/dev/full'));
  out.write('does not fit');
  await expect(out.flushed()).rejects.toMatchObject({ code: 'CLI_OUTPUT_FAILED' });
  await expect(out.flushed()).rejects.toThrow('ENOSPC');
});
