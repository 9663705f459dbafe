/**
 * What every backend and every wrapper must do: the contract of `backend.ts` as tests. A backend's
 * own test file calls `describeBackend` with a maker of empty, created stores.
 */
import { describe } from 'vitest';
import type { Backend } from './backend.ts';
import { refusals, saveAndLoad } from './content-suite.ts';
import { aborts, listAndRemove, sideBySide } from './listing-suite.ts';

export function describeBackend(name: string, makeBackend: () => Promise<Backend>): void {
  describe(name, () => {
    describe('save and load', () => saveAndLoad(makeBackend));
    describe('refusals', () => refusals(makeBackend));
    describe('list and remove', () => listAndRemove(makeBackend));
    describe('side by side', () => sideBySide(makeBackend));
    describe('abort', () => aborts(makeBackend));
  });
}
