import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { askHidden, askNewPassword, canAsk } from './ask-password.ts';

class FakeTerminal extends PassThrough {
  readonly isTTY = true;
  raw = false;
  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
}

function startLab() {
  const terminal = new FakeTerminal();
  const shown: string[] = [];
  const stop = new AbortController();
  const stderr = { isTTY: true, write: (text: string) => void shown.push(text) };
  const host = { terminalInput: () => terminal, stderr, signal: stop.signal };
  return { terminal, host, stop, said: () => shown.join('') };
}

test('a line is read in raw mode, and nothing of it is shown', async () => {
  const { terminal, host, said } = startLab();
  const answer = askHidden(host, 'password: ');
  expect(terminal.raw).toBe(true);
  terminal.write('s3cret ü\r');
  expect(await answer).toBe('s3cret ü');
  expect(terminal.raw).toBe(false);
  expect(said()).toBe('password: \n');
});

test.each([
  ['the last character is taken back', 'abü\u007F\u007Fc\r', 'ac'],
  ['the line is begun anew by Ctrl-U', 'wrong\u0015right\n', 'right'],
  ['Ctrl-D ends a line that has begun', 'abc\u0004', 'abc'],
  ['taking back more than there is does nothing', '\b\b\ba\r', 'a'],
])('%s', async (_, typed, wanted) => {
  const { terminal, host } = startLab();
  terminal.write(typed);
  expect(await askHidden(host, '')).toBe(wanted);
});

test('a character whose bytes come apart is put together', async () => {
  const { terminal, host } = startLab();
  const answer = askHidden(host, '');
  for (const byte of Buffer.from('€\r')) terminal.write(Uint8Array.of(byte));
  expect(await answer).toBe('€');
});

test.each([
  ['Ctrl-C', 'abc\u0003'],
  ['Ctrl-D on an empty line', '\u0004'],
])('%s cancels, and the terminal is as before', async (_, typed) => {
  const { terminal, host } = startLab();
  terminal.write(typed);
  await expect(askHidden(host, '')).rejects.toMatchObject({ code: 'CANCELLED', exitCode: 130 });
  expect(terminal.raw).toBe(false);
});

test('an end of the input cancels, and an abort ends the question with its reason', async () => {
  const closed = startLab();
  closed.terminal.end();
  await expect(askHidden(closed.host, '')).rejects.toMatchObject({ code: 'CANCELLED' });
  const aborted = startLab();
  const reason = new KeepsakeError('CANCELLED', { reason: 'SIGTERM' });
  const answer = askHidden(aborted.host, '');
  aborted.stop.abort(reason);
  await expect(answer).rejects.toBe(reason);
  expect(aborted.terminal.raw).toBe(false);
});

test('a new password is asked for twice and must be the same, and not empty', async () => {
  const right = startLab();
  const answer = askNewPassword(right.host, 'new password');
  right.terminal.write('one\r');
  setImmediate(() => right.terminal.write('one\r'));
  expect(await answer).toBe('one');
  const wrong = startLab();
  const mistyped = askNewPassword(wrong.host, 'new password');
  wrong.terminal.write('one\r');
  setImmediate(() => wrong.terminal.write('two\r'));
  await expect(mistyped).rejects.toMatchObject({ code: 'PASSWORD_MISTYPED' });
  const empty = startLab();
  empty.terminal.write('\r');
  await expect(askNewPassword(empty.host, '')).rejects.toMatchObject({ code: 'PASSWORD_EMPTY' });
});

test('what is typed ahead answers the next question', async () => {
  const { terminal, host } = startLab();
  terminal.write('one\rone\r');
  expect(await askNewPassword(host, 'new password')).toBe('one');
});

test('there is nobody to ask unless both ends are a terminal', () => {
  const { host } = startLab();
  expect(canAsk(host)).toBe(true);
  expect(canAsk({ ...host, stderr: { write() {} } })).toBe(false);
  expect(canAsk({ ...host, terminalInput: () => new PassThrough() })).toBe(false);
});
