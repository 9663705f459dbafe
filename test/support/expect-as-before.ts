import { expect } from 'vitest';
import type { FrozenTree } from './frozen-tree.ts';
import type { ProtectedApp } from './protected-app.ts';

/** It answers, and its files are what they were; it runs again afterwards. */
export async function expectAsBefore({ app }: ProtectedApp, before: FrozenTree): Promise<void> {
  expect(await app.loginStatus()).toBe(200);
  await app.stop();
  expect(await before.differences()).toEqual([]);
  await app.start();
  await app.untilUp();
}
