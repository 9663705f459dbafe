import { defineConfig } from 'vitest/config';

/**
 * Unit tests stand beside their file; what crosses folders lives in test/, a project a folder.
 * `order`: projects of one number run side by side, the others one after the other, because the
 * live tests measure a writer and a reader that must not wait for the crash tests' processes.
 */
const crossing = [
  { name: 'support', order: 1 },
  { name: 'compat', order: 1 },
  { name: 'e2e', order: 1 },
  { name: 'crash', order: 2 },
  { name: 'live', order: 3 },
] as const;

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/own-temp-folder.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,scripts,bench}/**/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      ...crossing.map(({ name, order }) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          sequence: { groupOrder: order },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
});
