/**
 * `keepsake.yaml`, the one source of its types, defaults, JSON Schema and reference. It imports
 * zod, so it is reached only through doors that are imported when they are needed
 * (`load-config.ts`, `config-json-schema.ts`, `config-reference.ts`); others import its types.
 */
import { z } from 'zod';
import { appSchema } from './app-schema.ts';
import { argv, duration, appPath, packSize } from './field-types.ts';

const repositoryUrl = z
  .string()
  .min(1, { error: 'is empty' })
  .refine((url) => !/:\/\/[^/@]*:[^/@]*@/.test(url), {
    error:
      'holds a password, which does not belong in this file; put the whole URL in a file and name that in KEEPSAKE_REPOSITORY_FILE',
  });

const passwordFile = appPath.describe(
  'A file with the password; its first line counts. Make it readable by one user only.',
);
const passwordCommand = argv.describe(
  'A program that prints the password, and its arguments. No shell is involved.',
);

const repositorySchema = z
  .union([
    repositoryUrl,
    z.strictObject({
      url: repositoryUrl.describe('A folder, or a URL as restic writes it.'),
      'password-file': passwordFile.optional(),
      'password-command': passwordCommand.optional(),
    }),
  ])
  .describe('Where backups go: a folder, or a URL as restic writes it (`sftp:`, `rest:`, `s3:`).');

const captureSchema = z
  .strictObject({
    method: z
      .enum(['raw', 'backup'])
      .default('raw')
      .describe(
        "How a database in use is copied under the read lock: `raw` reads its pages from the files, `backup` uses SQLite's own backup and takes longer. Where raw reading is in doubt, backup is used anyway.",
      ),
    check: z
      .enum(['always', 'daily', 'weekly'])
      .default('daily')
      .describe(
        'How often SQLite checks all of a database of more than 32 MiB (`quick_check`, `foreign_key_check`): at every backup, or where the last check is a day or a week old. In between only the pages that are new are looked at. Smaller ones are checked each time they changed.',
      ),
    'lock-limit': duration
      .prefault('2s')
      .describe('The longest a read transaction may stay open on a live database.'),
    'busy-limit': duration
      .prefault('10s')
      .describe('How long to wait for a database that another process has locked.'),
  })
  .transform((capture) => ({
    method: capture.method,
    check: capture.check,
    lockLimitMs: capture['lock-limit'],
    busyLimitMs: capture['busy-limit'],
  }));

const appName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: "an app's name is lower-case letters, digits and hyphens, at most 63 of them",
});

interface PasswordKeys {
  'password-file'?: unknown;
  'password-command'?: unknown;
}

function passwordCount(raw: unknown): number {
  if (typeof raw !== 'object' || raw === null) return 0;
  const { repository, ...top } = raw as PasswordKeys & { repository?: unknown };
  const own = [top['password-file'], top['password-command']].filter((key) => key !== undefined);
  return own.length + passwordCount(repository);
}

export const configSchema = z
  .strictObject({
    repository: repositorySchema.optional(),
    'password-file': passwordFile.optional(),
    'password-command': passwordCommand.optional(),
    host: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, { error: 'is no name of a host' })
      .optional()
      .describe(
        "The host's name in snapshots. Set it where the machine's own name may change: retention groups by it.",
      ),
    state: appPath
      .optional()
      .describe(
        'Folder for the history. Without it `/var/lib/keepsake`, for other users than root `~/.local/state/keepsake`.',
      ),
    scratch: appPath
      .optional()
      .describe(
        'Folder for short-lived copies of databases and lists of large folders. Without it the folder `scratch` in `state`.',
      ),
    cache: appPath
      .optional()
      .describe(
        'Folder for copies of what the repository holds. Without it `/var/cache/keepsake`, for other users than root `~/.cache/keepsake`.',
      ),
    'pack-size': packSize
      .prefault('16 MiB')
      .describe('How large the files in the repository become, from 4 MiB to 128 MiB.'),
    capture: captureSchema.prefault({}).describe('How live databases are read.'),
    apps: z.record(appName, appSchema).default({}).describe('The apps, each below its own name.'),
  })
  .refine((raw) => passwordCount(raw) <= 1, {
    error: 'the password is given more than once; keep one of password-file and password-command',
    when: () => true,
  })
  .transform((config) => ({
    ...repositoryOf(config.repository),
    ...passwordOf(typeof config.repository === 'object' ? config.repository : config),
    ...(typeof config.repository === 'object' ? passwordOf(config) : {}),
    host: config.host,
    state: config.state,
    scratch: config.scratch,
    cache: config.cache,
    packSizeBytes: config['pack-size'],
    capture: config.capture,
    apps: config.apps,
  }));

function repositoryOf(repository: string | { url: string } | undefined): {
  repository?: string;
} {
  if (repository === undefined) return {};
  return { repository: typeof repository === 'string' ? repository : repository.url };
}

function passwordOf(keys: {
  'password-file'?: string | undefined;
  'password-command'?: string[] | undefined;
}): { passwordFile?: string; passwordCommand?: string[] } {
  return {
    ...(keys['password-file'] === undefined ? {} : { passwordFile: keys['password-file'] }),
    ...(keys['password-command'] === undefined
      ? {}
      : { passwordCommand: keys['password-command'] }),
  };
}

/** The values of a config file, defaults filled in, times in milliseconds, sizes in bytes. */
export type ConfigValues = z.output<typeof configSchema>;
export type AppConfig = ConfigValues['apps'][string];

/** A config file as read. */
export interface Config extends ConfigValues {
  /** As it was given to `parseConfig`. */
  readonly fileName: string;
  /** Paths such as `capture.lock-limit` of the keys that the file itself sets. */
  readonly given: ReadonlySet<string>;
}
