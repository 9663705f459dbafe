import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests of these touch no more than their own values and files: one process after the other has them. */
const PURE = [
  'src/{base,config,format,retention,monitor,cli,backend,source}/**',
  'scripts/**',
  'bench/**',
];

/**
 * Unit tests stand beside their file; what crosses folders lives in test/, a project a folder.
 * `order`: projects of one number run side by side, the others one after the other, because the
 * live tests measure a writer and a reader that must not wait for the crash tests' processes.
 * `workers`: where most of a test is waiting for programs, a third one uses the time.
 */
const crossing = [
  { name: 'support', order: 1, workers: 3 },
  { name: 'compat', order: 1, workers: 3 },
  { name: 'e2e', order: 1, workers: 3 },
  { name: 'crash', order: 2, workers: 2 },
  { name: 'live', order: 3, workers: 2 },
] as const;

/** Whatever begins last and takes long is waited for alone: these begin first. */
const LONG = [
  'test/crash/guard-crash.test.ts',
  'test/e2e/restore-in-place.test.ts',
  'test/crash/backup-processes.test.ts',
  'test/crash/restore-in-place-crash.test.ts',
  'test/live/backup.test.ts',
];

/** After them as vitest sorts: what took long the last time, or else is long. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) =>
      LONG.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const unit = { sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/own-temp-folder.ts'],
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: PURE,
        },
      },
      {
        test: {
          ...unit,
          name: 'unit-pure',
          include: PURE.map((folder) => `${folder}/*.test.ts`),
          isolate: false,
        },
      },
      ...crossing.map(({ name, order, workers }) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          maxWorkers: workers,
          sequence: { groupOrder: order },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      })),
    ],
  },
});
