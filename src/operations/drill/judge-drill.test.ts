import { expect, test } from 'vitest';
import type { ConfinedResult } from '../../host/confined-protocol.ts';
import { judgeDrill } from './judge-drill.ts';
import { judgeVersion } from './find-restic.ts';

const judge = (result: Partial<ConfinedResult>) =>
  judgeDrill({ kind: 'started', result: { lastLines: [], ...result } });

test('only a copy that answered well is proof', () => {
  const verdict = { kind: 'healthy', afterMs: 1, tries: 1 } as const;
  expect(judge({ verdict })).toEqual({ outcome: 'proven' });
});

test('a line of the recovery sheet that failed is named', () => {
  const ended = (exitCode: number) => ({ exitCode, seconds: 0 });
  const commands = [
    { step: 'target', text: 'umask 022', ...ended(0) },
    { step: 'place', text: 'for path in /srv; do\n  mv a b\ndone', ...ended(1) },
  ] as const;
  const recovery = { commands, notRun: [], skipped: [] };
  expect(judgeDrill(undefined, recovery)).toEqual({
    outcome: 'failed',
    reason: 'a line of the recovery sheet failed (exit code 1): for path in /srv; do',
  });
});

test('data that differs fails without a copy', () => {
  expect(judgeDrill(undefined).outcome).toBe('failed');
});

test('an answer that is not well fails, with what it means', () => {
  const bad = { kind: 'unhealthy', reason: 'status 500', tries: 9 } as const;
  expect(judge({ verdict: { ...bad, means: 'damaged' } })).toEqual({
    outcome: 'failed',
    reason: 'the copy answered status 500: damaged',
  });
  expect(judge({ verdict: { ...bad, means: undefined } })).toEqual({
    outcome: 'failed',
    reason: 'the copy answered status 500',
  });
});

test('what says nothing of the snapshot is inconclusive', () => {
  const verdict = { kind: 'timeout', lastError: 'refused', tries: 9 } as const;
  for (const { outcome, reason } of [
    judge({ verdict }),
    judge({ startFailure: 'node could not be run' }),
    judge({ end: { exitCode: 1, endedBy: null }, lastLines: ['Error: listen EADDRINUSE', '}'] }),
    judgeDrill({ kind: 'not-started', reason: 'no command' }),
  ]) {
    expect(outcome).toBe('inconclusive');
    expect(reason).toMatch(/refused|run|port|no command/);
  }
});

test('a copy that ends before it answers fails', () => {
  expect(judge({ end: { exitCode: 7, endedBy: null } }).reason).toContain('exit code 7');
  expect(judge({ end: { exitCode: null, endedBy: 'SIGSEGV' } })).toEqual({
    outcome: 'failed',
    reason: 'the copy ended before it answered (SIGSEGV)',
  });
});

test('restic before 0.14 reads no repository of version 2', () => {
  expect(judgeVersion('restic 0.14.0 compiled with go1.19.8 on linux/amd64')).toEqual({
    version: 'restic 0.14.0',
  });
  expect(judgeVersion('restic 1.0.0').version).toBe('restic 1.0.0');
  expect(judgeVersion('restic 0.12.1 compiled').problem).toContain('too old');
  expect(judgeVersion('what?').problem).toContain('version');
});
