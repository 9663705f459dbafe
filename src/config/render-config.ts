/** The effective config as YAML, for `keepsake config show`. Loads yaml: import it when needed. */
import { Document, isMap, isScalar, visit, type Pair } from 'yaml';
import type { AppConfig, Config } from './schema.ts';
import { formatDuration, formatSize } from './units.ts';

const SET = '[set]';
type Given = Config['given'];

/**
 * What Keepsake understood, in the words of the file: times and sizes with units, whole paths, a
 * comment at each value the file does not set itself. Values of environments are not shown, they
 * may be secrets.
 */
export function renderConfig(config: Config): string {
  const document = new Document(configInWords(config));
  visit(document, {
    Pair: (_, pair, ancestors) => {
      const path = pathOf([...ancestors, pair]);
      if (isScalar(pair.value) && !isGiven(config.given, path)) pair.value.comment = ' default';
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The same as a plain object, for `--json`. */
export function configInWords(config: Config): Record<string, unknown> {
  return dropUndefined({
    repository: config.repository,
    'password-file': config.passwordFile,
    'password-command': config.passwordCommand,
    host: config.host,
    state: config.state,
    scratch: config.scratch,
    cache: config.cache,
    'pack-size': formatSize(config.packSizeBytes),
    capture: {
      method: config.capture.method,
      check: config.capture.check,
      'lock-limit': formatDuration(config.capture.lockLimitMs),
      'busy-limit': formatDuration(config.capture.busyLimitMs),
    },
    apps: mapValues(config.apps, appShape),
  });
}

function appShape({ workingDirectory, runAs, environment, health, drill, ...app }: AppConfig) {
  return dropUndefined({
    ...app,
    'run-as': runAs,
    'working-directory': workingDirectory,
    environment: environment && mapValues(environment, () => SET),
    health: health && timeoutInWords(health),
    drill: drill && drillShape(drill),
  });
}

function drillShape(drill: NonNullable<AppConfig['drill']>) {
  const { workingDirectory, environment, withoutNetworkIsolation, ...rest } = timeoutInWords(drill);
  return dropUndefined({
    ...rest,
    'without-network-isolation': withoutNetworkIsolation,
    'working-directory': workingDirectory,
    environment: mapValues(environment, () => SET),
  });
}

function timeoutInWords<T extends { timeoutMs: number }>({ timeoutMs, ...rest }: T) {
  return { ...rest, timeout: formatDuration(timeoutMs) };
}

function mapValues<T, R>(map: Readonly<Record<string, T>>, change: (value: T) => R) {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function dropUndefined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

/** The repository's keys may stand in a map of their own. */
function isGiven(given: Given, path: string): boolean {
  const alternative = path === 'repository' ? 'repository.url' : `repository.${path}`;
  return given.has(path) || given.has(alternative);
}

function pathOf(ancestors: readonly unknown[]): string {
  let path = '';
  for (const [depth, node] of ancestors.entries()) {
    const parent = ancestors[depth - 1];
    if (isPairLike(node))
      path += `${path === '' ? '' : '.'}${String((node.key as { value: unknown }).value)}`;
    else if (hasItems(parent) && !isMap(parent)) path += `[${parent.items.indexOf(node)}]`;
  }
  return path;
}

function isPairLike(node: unknown): node is Pair {
  return typeof node === 'object' && node !== null && 'key' in node;
}

function hasItems(node: unknown): node is { items: unknown[] } {
  return typeof node === 'object' && node !== null && 'items' in node;
}
