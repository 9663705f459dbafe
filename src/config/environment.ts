/**
 * Where each setting comes from. Flags win over KEEPSAKE_* variables, those over RESTIC_* ones,
 * those over the config file. Two that say the same thing at the same level are an error: which
 * one is meant cannot be known. Pure: variables and flags in, settings out.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { environmentVariables } from './environment-variables.ts';
import type { ConfigValues } from './schema.ts';
import {
  readVariable,
  resolvePassword,
  resolveRepository,
  type PasswordSetting,
  type RepositoryFlags,
  type RepositorySetting,
  type Variables,
} from './repository-settings.ts';
import { parseSize } from './units.ts';

const MIB = 2 ** 20;
const DEFAULT_PACK_SIZE_BYTES = 16 * MIB;

export interface Flags extends RepositoryFlags {
  readonly cache?: string | undefined;
  readonly noCache?: boolean | undefined;
  readonly host?: string | undefined;
  readonly keyHint?: string | undefined;
  readonly packSize?: string | undefined;
}

export interface SettingsInput {
  readonly flags: Flags;
  readonly variables: Variables;
  readonly config?: ConfigValues | undefined;
  readonly isRoot: boolean;
  /** Home folder of the user. */
  readonly home: string;
}

export interface Settings {
  readonly repository: RepositorySetting | undefined;
  readonly password: PasswordSetting | undefined;
  readonly host: string | undefined;
  readonly keyHint: string | undefined;
  readonly packSizeBytes: number;
  readonly state: string;
  readonly scratch: string;
  /** Undefined: no cache is wanted. */
  readonly cache: string | undefined;
  /** For people: variables that look mistyped. */
  readonly warnings: readonly string[];
}

/** @throws SETTING_CONFLICT, SETTING_INVALID */
export function resolveSettings(input: SettingsInput): Settings {
  const { flags, config } = input;
  const state = resolveStateFolder(input);
  const cache = pick(input, 'CACHE_DIR', flags.cache, config?.cache);
  return {
    repository: resolveRepository(flags, input.variables, config),
    password: resolvePassword(flags, input.variables, config),
    host: pick(input, 'HOST', flags.host, config?.host),
    keyHint: pick(input, 'KEY_HINT', flags.keyHint, undefined),
    packSizeBytes: resolvePackSize(input),
    state,
    scratch: pick(input, 'SCRATCH_DIR', undefined, config?.scratch) ?? `${state}/scratch`,
    cache: flags.noCache === true ? undefined : (cache ?? defaultFolder(input, 'cache')),
    warnings: findMistyped(input.variables),
  };
}

/** Needs no other setting to be right. */
export function resolveStateFolder(input: Omit<SettingsInput, 'flags'>): string {
  const set = pick(input, 'STATE_DIR', undefined, input.config?.state);
  return set ?? defaultFolder(input, 'state');
}

/** The setting, or the error a command without a repository ends with. */
export function requireRepository({ repository }: Settings): RepositorySetting {
  if (repository === undefined) throw new KeepsakeError('SETTING_NO_REPOSITORY', {});
  return repository;
}

export function requirePassword({ password }: Settings): PasswordSetting {
  if (password === undefined) throw new KeepsakeError('SETTING_NO_PASSWORD', {});
  return password;
}

/** The config file that the flag or a variable names. */
export function configFileOf(flag: string | undefined, variables: Variables): string | undefined {
  return flag ?? readVariable(variables, 'KEEPSAKE_CONFIG');
}

/** Where a config file is looked for when none is named. */
export const CONFIG_SEARCH = ['./keepsake.yaml', '/etc/keepsake/keepsake.yaml'] as const;

function resolvePackSize({ flags, variables, config }: SettingsInput): number {
  const ways = [
    { origin: '--pack-size', value: flags.packSize },
    ...readPrefixed(variables, 'PACK_SIZE'),
  ];
  const given = ways.find(({ value }) => value !== undefined);
  if (given?.value === undefined) return config?.packSizeBytes ?? DEFAULT_PACK_SIZE_BYTES;
  const { origin, value } = given;
  // restic takes a bare number here and means MiB.
  const sizeBytes = parseSize(/^\d+$/.test(value) ? `${value} MiB` : value);
  if (sizeBytes === undefined || sizeBytes < 4 * MIB || sizeBytes > 128 * MIB) {
    const problem = `"${value}" is not a size from 4 MiB to 128 MiB`;
    throw new KeepsakeError('SETTING_INVALID', { name: origin, problem });
  }
  return sizeBytes;
}

function pick(
  { variables }: Pick<SettingsInput, 'variables'>,
  name: string,
  flag: string | undefined,
  configured: string | undefined,
): string | undefined {
  const [fromVariable] = readPrefixed(variables, name).flatMap(({ value }) => value ?? []);
  return flag ?? fromVariable ?? configured;
}

/** The KEEPSAKE_ variable, then restic's if restic has it; an empty one counts as unset. */
function readPrefixed(variables: Variables, name: string) {
  const entry = environmentVariables.find((known) => known.name === `KEEPSAKE_${name}`);
  const names = [`KEEPSAKE_${name}`, ...(entry?.restic === undefined ? [] : [entry.restic])];
  return names.map((origin) => ({ origin, value: readVariable(variables, origin) }));
}

function defaultFolder(
  { isRoot, variables, home }: Omit<SettingsInput, 'flags'>,
  kind: 'state' | 'cache',
): string {
  if (isRoot) return kind === 'state' ? '/var/lib/keepsake' : '/var/cache/keepsake';
  const xdg = variables[kind === 'state' ? 'XDG_STATE_HOME' : 'XDG_CACHE_HOME'];
  // The XDG specification: a relative path there is to be ignored.
  if (xdg?.startsWith('/') === true) return `${xdg}/keepsake`;
  return `${home}/${kind === 'state' ? '.local/state' : '.cache'}/keepsake`;
}

/** Only near misses: other programs may use variables of that prefix too. */
function findMistyped(variables: Variables): string[] {
  const known = environmentVariables.map(({ name }) => name);
  return Object.keys(variables)
    .filter((name) => name.startsWith('KEEPSAKE_') && !known.includes(name))
    .flatMap((name) => {
      const nearest = nearestName(name, known);
      return nearest === undefined ? [] : [`${name} is not used, did you mean ${nearest}?`];
    });
}
