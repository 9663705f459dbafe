import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

/** One thing wrong in a config file; `line` and `column` count from 1. */
export interface ConfigProblem {
  readonly path: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly text: string;
}

const UNTOUCHED = 'Nothing was read from the app and nothing was written.';

function problemLine(file: string, problem: ConfigProblem): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column}`;
  return problem.path === ''
    ? `${place}: ${problem.text}`
    : `${place}: ${problem.path}: ${problem.text}`;
}

export const configErrors = {
  CONFIG_INVALID: entry<{ file: string; problems: readonly ConfigProblem[] }>({
    exit: ExitCode.usage,
    message: ({ file, problems }) => {
      const [only, ...more] = problems.map((problem) => problemLine(file, problem));
      if (only !== undefined && more.length === 0) return only;
      return [`${file} has ${problems.length} problems:`, only, ...more].join('\n  ');
    },
    hint: () =>
      `${UNTOUCHED} Correct the file, then see that it is right with \`keepsake config check\``,
    example: {
      file: 'keepsake.yaml',
      problems: [
        {
          path: 'apps.wishlist.databses',
          line: 7,
          column: 5,
          text: 'unknown key, did you mean "databases"?',
        },
      ],
    },
  }),
  CONFIG_UNREADABLE: entry<{ file: string; reason: string }>({
    exit: ExitCode.usage,
    message: ({ file, reason }) => `the config file ${file} cannot be read: ${reason}`,
    hint: () =>
      `${UNTOUCHED} Name another file with --config, or do without one: \`keepsake --repo URL backup PATH\``,
    example: { file: '/etc/keepsake/keepsake.yaml', reason: 'permission denied' },
  }),
  CONFIG_MISSING: entry<{ searched: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ searched }) => `there is no config file; looked for ${searched.join(' and ')}`,
    hint: () =>
      `${UNTOUCHED} Name the file with --config, or do without one: \`keepsake --repo URL backup PATH\``,
    example: { searched: ['./keepsake.yaml', '/etc/keepsake/keepsake.yaml'] },
  }),
  CONFIG_APP_UNKNOWN: entry<{
    app: string;
    known: readonly string[];
    nearest?: string | undefined;
  }>({
    exit: ExitCode.usage,
    message: ({ app, nearest }) =>
      `the config has no app "${app}"${nearest === undefined ? '' : `, did you mean "${nearest}"?`}`,
    hint: ({ known }) =>
      known.length === 0
        ? `${UNTOUCHED} Add the app below "apps:" in keepsake.yaml.`
        : `${UNTOUCHED} The config has: ${known.join(', ')}.`,
    example: { app: 'wishlst', known: ['wishlist', 'notes'], nearest: 'wishlist' },
  }),
  CONFIG_APP_AMBIGUOUS: entry<{ known: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ known }) =>
      known.length === 0
        ? 'the config names no app'
        : `the config has ${known.length} apps, and the command names none`,
    hint: ({ known }) =>
      known.length === 0
        ? `${UNTOUCHED} Add one below "apps:" in keepsake.yaml, or name paths: \`keepsake backup PATH\``
        : `${UNTOUCHED} Say which one with --app: ${known.join(', ')}.`,
    example: { known: ['wishlist', 'notes'] },
  }),
  CONFIG_LAYOUT_UNKNOWN: entry<{ app: string; preset: string; looked: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ app, preset }) =>
      `app "${app}": none of the layouts that the preset "${preset}" knows is on this machine`,
    hint: ({ app, looked }) =>
      `${UNTOUCHED} Looked for ${looked.join('; ')}. Set apps.${app}.root and apps.${app}.layout, or root, databases and files, in keepsake.yaml.`,
    example: {
      app: 'wishlist',
      preset: 'wishlist',
      looked: ['proxmox-lxc in /opt/wishlist', 'docker in /usr/src/app'],
    },
  }),
  CONFIG_ROOT_MISSING: entry<{ app: string; preset: string }>({
    exit: ExitCode.usage,
    message: ({ app, preset }) =>
      `app "${app}" has no root, and the preset "${preset}" cannot guess one`,
    hint: ({ app }) => `${UNTOUCHED} Set apps.${app}.root in keepsake.yaml.`,
    example: { app: 'notes', preset: 'sqlite-app' },
  }),
  CONFIG_REFERENCE_DATABASE: entry<{ app: string; database: string; known: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ app, database }) =>
      `app "${app}": references name the database ${database}, which is not one of its databases`,
    hint: ({ app, known }) =>
      `${UNTOUCHED} Its databases are ${known.join(', ')}; correct apps.${app}.references or apps.${app}.databases.`,
    example: {
      app: 'wishlist',
      database: '/opt/wishlist/prod.db',
      known: ['/opt/wishlist/data/prod.db'],
    },
  }),
  SETTING_CONFLICT: entry<{ setting: string; first: string; second: string }>({
    exit: ExitCode.usage,
    message: ({ setting, first, second }) =>
      `${first} and ${second} both say what the ${setting} is`,
    hint: () => `${UNTOUCHED} Keep one of the two and remove the other.`,
    example: {
      setting: 'password',
      first: 'RESTIC_PASSWORD_FILE',
      second: 'RESTIC_PASSWORD_COMMAND',
    },
  }),
  SETTING_INVALID: entry<{ name: string; problem: string }>({
    exit: ExitCode.usage,
    message: ({ name, problem }) => `${name}: ${problem}`,
    hint: ({ name }) => `${UNTOUCHED} Correct ${name} and run the command again.`,
    example: { name: 'RESTIC_PASSWORD_COMMAND', problem: 'a double quote is not closed' },
  }),
  SETTING_NO_REPOSITORY: entry<object>({
    exit: ExitCode.usage,
    message: () => 'no repository is named',
    hint: () =>
      `${UNTOUCHED} Name it with --repo, KEEPSAKE_REPOSITORY, or "repository:" in keepsake.yaml.`,
    example: {},
  }),
  SETTING_NO_PASSWORD: entry<object>({
    exit: ExitCode.usage,
    message: () => 'no password for the repository is given',
    hint: () =>
      `${UNTOUCHED} Give it with --password-file, KEEPSAKE_PASSWORD_FILE, or "password-file:" in keepsake.yaml.`,
    example: {},
  }),
};
