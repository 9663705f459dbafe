/** What backups of this process copied ahead of their captures, until the test ends. */
import { onTestFinished, vi } from 'vitest';
import { CaptureAhead } from '../../src/sqlite/capture-ahead.ts';

export interface WatchedCopies {
  /** Databases that were begun to be copied, in order. */
  begun(): readonly string[];
  /** For each capture that asked for a copy: whether there was one, and it was used. */
  used(): Promise<readonly boolean[]>;
}

export function watchCopies(): WatchedCopies {
  const copy = vi.spyOn(CaptureAhead.prototype, 'copy');
  const moveInto = vi.spyOn(CaptureAhead.prototype, 'moveInto');
  onTestFinished(() => {
    copy.mockRestore();
    moveInto.mockRestore();
  });
  return {
    begun: () => copy.mock.calls.map(([path]) => path),
    used: async () =>
      Promise.all(moveInto.mock.results.map(({ value }) => value as Promise<boolean>)),
  };
}
