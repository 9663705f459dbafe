/** Which repository, and where its password comes from: flags, variables, or the config file. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ConfigValues } from './schema.ts';
import { splitCommand } from './split-command.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface RepositoryFlags {
  readonly repository?: string | undefined;
  readonly repositoryFile?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passwordCommand?: string | undefined;
}

/** `origin`: the flag, variable or file that said it, for messages. */
export type RepositorySetting =
  | { readonly kind: 'url'; readonly url: string; readonly origin: string }
  | { readonly kind: 'file'; readonly path: string; readonly origin: string };

export type PasswordSetting =
  | { readonly kind: 'file'; readonly path: string; readonly origin: string }
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly origin: string }
  | { readonly kind: 'value'; readonly password: string; readonly origin: string };

type RepositoryKeys = Pick<ConfigValues, 'repository' | 'passwordFile' | 'passwordCommand'>;

/** One way to say it; absent when `value` is undefined. */
interface Way<T> {
  readonly origin: string;
  readonly value: string | undefined;
  readonly make: (value: string, origin: string) => T;
}

const CONFIG_FILE = 'the config file';
const PREFIXES = ['KEEPSAKE', 'RESTIC'] as const;

/** @throws SETTING_CONFLICT */
export function resolveRepository(
  flags: RepositoryFlags,
  variables: Variables,
  config?: RepositoryKeys,
): RepositorySetting | undefined {
  const url: Way<RepositorySetting>['make'] = (value, origin) => ({
    kind: 'url',
    url: value,
    origin,
  });
  return firstLevel<RepositorySetting>('repository', [
    [
      { origin: '--repo', value: flags.repository, make: url },
      { origin: '--repository-file', value: flags.repositoryFile, make: fromFile },
    ],
    ...PREFIXES.map((prefix) => [
      fromVariable(variables, `${prefix}_REPOSITORY`, url),
      fromVariable(variables, `${prefix}_REPOSITORY_FILE`, fromFile),
    ]),
    [{ origin: CONFIG_FILE, value: config?.repository, make: url }],
  ]);
}

/** @throws SETTING_CONFLICT, SETTING_INVALID */
export function resolvePassword(
  flags: RepositoryFlags,
  variables: Variables,
  config?: RepositoryKeys,
): PasswordSetting | undefined {
  const found = firstLevel<PasswordSetting>('password', [
    [
      { origin: '--password-file', value: flags.passwordFile, make: fromFile },
      { origin: '--password-command', value: flags.passwordCommand, make: fromCommand },
    ],
    ...PREFIXES.map((prefix) => [
      fromVariable(variables, `${prefix}_PASSWORD_FILE`, fromFile),
      fromVariable(variables, `${prefix}_PASSWORD_COMMAND`, fromCommand),
      fromVariable<PasswordSetting>(variables, `${prefix}_PASSWORD`, (password, origin) => ({
        kind: 'value',
        password,
        origin,
      })),
    ]),
    [{ origin: CONFIG_FILE, value: config?.passwordFile, make: fromFile }],
  ]);
  if (found !== undefined || config?.passwordCommand === undefined) return found;
  return { kind: 'command', argv: config.passwordCommand, origin: CONFIG_FILE };
}

/** An empty variable counts as unset, as it does for restic. */
export function readVariable(variables: Variables, name: string): string | undefined {
  const value = variables[name];
  return value === '' ? undefined : value;
}

function fromVariable<T>(variables: Variables, name: string, make: Way<T>['make']): Way<T> {
  return { origin: name, value: readVariable(variables, name), make };
}

function fromFile(path: string, origin: string) {
  return { kind: 'file', path, origin } as const;
}

function fromCommand(text: string, origin: string) {
  const argv = splitCommand(text);
  if ('problem' in argv) throw new KeepsakeError('SETTING_INVALID', { name: origin, ...argv });
  return { kind: 'command', argv, origin } as const;
}

/** The first level that says anything; within one level only one way may be used. */
function firstLevel<T>(setting: string, levels: readonly (readonly Way<T>[])[]): T | undefined {
  for (const level of levels) {
    const [first, second] = level.filter(({ value }) => value !== undefined);
    if (first?.value === undefined) continue;
    if (second !== undefined) {
      throw new KeepsakeError('SETTING_CONFLICT', {
        setting,
        first: first.origin,
        second: second.origin,
      });
    }
    return first.make(first.value, first.origin);
  }
  return undefined;
}
