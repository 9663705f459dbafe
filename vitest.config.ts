import { defineConfig } from 'vitest/config';

// Unit tests stand beside their file; what crosses folders lives in test/, a project a folder.
const crossing = ['compat', 'live', 'crash', 'e2e'] as const;

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      { test: { name: 'unit', include: ['{src,scripts,bench,test/support}/**/*.test.ts'] } },
      ...crossing.map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
});
