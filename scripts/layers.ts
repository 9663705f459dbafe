/**
 * The house's layers as data (docs/architecture.md): a file imports lower levels and its own
 * folder; folders of one level do not import each other. `packages` is what a folder may use from
 * outside, everything else is refused.
 */
export interface Layer {
  readonly folder: string;
  readonly level: number;
  readonly packages: readonly string[];
}

const NODE_BASICS = ['node:buffer', 'node:path', 'node:url', 'node:util'];
const NODE_FS = ['node:fs', 'node:fs/promises', 'node:os', 'node:stream/promises'];

export const layers: readonly Layer[] = [
  {
    folder: 'src/base',
    level: 0,
    packages: [...NODE_BASICS, 'node:crypto', 'node:timers/promises'],
  },
  { folder: 'src/config', level: 1, packages: [...NODE_BASICS, 'zod', 'yaml'] },
  {
    folder: 'src/format',
    level: 1,
    packages: [...NODE_BASICS, 'node:crypto', 'node:module', 'node:zlib', 'koffi', 'sodium-native'],
  },
  { folder: 'src/retention', level: 1, packages: [] },
  {
    folder: 'src/host',
    level: 2,
    packages: [
      'node:v8',
      ...NODE_BASICS,
      ...NODE_FS,
      'node:child_process',
      'node:crypto',
      'node:http',
      'node:https',
      'node:module',
      'koffi',
    ],
  },
  { folder: 'src/backend', level: 2, packages: [...NODE_BASICS, ...NODE_FS, 'node:crypto'] },
  {
    folder: 'src/sqlite',
    level: 2,
    packages: [...NODE_BASICS, ...NODE_FS, 'node:sqlite', 'node:child_process', 'node:crypto'],
  },
  { folder: 'src/source', level: 3, packages: [...NODE_BASICS, ...NODE_FS, 'node:crypto'] },
  {
    folder: 'src/repository',
    level: 3,
    packages: [...NODE_BASICS, 'node:crypto', 'node:os', 'node:worker_threads'],
  },
  {
    folder: 'src/snapshot',
    level: 4,
    packages: [...NODE_BASICS, ...NODE_FS, 'node:crypto', 'node:zlib'],
  },
  { folder: 'src/monitor', level: 3, packages: [...NODE_BASICS, ...NODE_FS, 'node:sqlite'] },
  { folder: 'src/operations', level: 5, packages: [...NODE_BASICS, ...NODE_FS] },
  {
    folder: 'src/cli',
    level: 6,
    packages: [...NODE_BASICS, ...NODE_FS, 'node:crypto', 'commander'],
  },
  {
    folder: 'src/main.ts',
    level: 7,
    packages: [...NODE_BASICS, ...NODE_FS, 'node:stream/consumers'],
  },
];

/** Time and chance come only from `base/clock.ts`. */
export const ambientEffects = /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval)\b/;
export const ambientEffectsHome = 'src/base/clock.ts';
