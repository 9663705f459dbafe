/** An app that was backed up and lost items since, for tests that restore it in place one by one. */
import { expect } from 'vitest';
import { openProtectedApp, type ProtectedApp } from './protected-app.ts';
import type { AppOptions } from './service-lab/app-options.ts';

export interface AppWithMistake {
  readonly lab: ProtectedApp;
  /** Names of the items when it was backed up. */
  readonly before: readonly string[];
  /** How many pictures there were then. */
  readonly uploads: number;
  /** It was backed up, then some items were deleted by mistake; it runs. */
  readonly openWithMistake: (app?: AppOptions) => Promise<void>;
  /** What stopped it since it was opened. */
  readonly stops: () => Promise<string[]>;
}

export async function openAppWithMistake(): Promise<AppWithMistake> {
  const lab = await openProtectedApp();
  const before = await lab.names();
  await lab.backUp();
  const uploads = lab.uploads().length;
  for (const { id } of (await lab.app.items()).slice(0, 5)) await lab.app.deleteItem(id);
  const reset = await lab.freeze();
  let callsBefore = 0;
  return {
    lab,
    before,
    uploads,
    async openWithMistake(app) {
      await reset(app);
      callsBefore = (await lab.app.calls()).length;
    },
    async stops() {
      const calls = (await lab.app.calls()).slice(callsBefore);
      return calls.filter((call) => call.includes(' stop '));
    },
  };
}

/** No row names a picture that is not there. */
export async function expectPictures(lab: ProtectedApp): Promise<void> {
  const there = new Set(lab.uploads());
  for (const { imageUrl } of await lab.app.items()) {
    if (imageUrl !== null) expect(there.has(imageUrl)).toBe(true);
  }
}
