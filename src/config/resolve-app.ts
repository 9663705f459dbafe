/** An app as the rest of Keepsake sees it: preset and config made one, all paths absolute. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { detectLayout, pathInApp, type MachineFacts } from './detect-layout.ts';
import type {
  CodeConfig,
  DrillConfig,
  HealthConfig,
  ReferenceConfig,
  ServiceConfig,
} from './app-parts-schema.ts';
import type { AppFacts } from './presets/preset.ts';
import { presetOf, type LayoutName, type PresetName } from './presets/all-presets.ts';
import type { AppConfig, ConfigValues } from './schema.ts';

export interface ResolvedApp {
  readonly name: string;
  readonly preset: PresetName;
  readonly layout: LayoutName | undefined;
  readonly root: string;
  /** Each of these must exist and be a database. Empty: databases are those found below `paths`. */
  readonly databases: readonly string[];
  /** What to walk: none lies below another. The databases are among them or below them. */
  readonly paths: readonly string[];
  /** Those of `paths` that may be absent; absence of another is a problem to report. */
  readonly optionalPaths: readonly string[];
  /** Patterns as restic's `--exclude` takes them. */
  readonly exclude: readonly string[];
  readonly references: readonly ReferenceConfig[];
  readonly service: ServiceConfig | undefined;
  readonly health: HealthConfig | undefined;
  readonly owner: string | undefined;
  readonly runAs: string | undefined;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly drill: DrillConfig | undefined;
  readonly code: CodeConfig | undefined;
  readonly versionFile: string | undefined;
}

/**
 * The name of the app a command is about: `wanted`, or the only one there is.
 *
 * @throws CONFIG_APP_UNKNOWN, CONFIG_APP_AMBIGUOUS
 */
export function chooseApp({ apps }: Pick<ConfigValues, 'apps'>, wanted?: string): string {
  const known = Object.keys(apps);
  if (wanted !== undefined) {
    if (Object.hasOwn(apps, wanted)) return wanted;
    const nearest = nearestName(wanted, known);
    throw new KeepsakeError('CONFIG_APP_UNKNOWN', { app: wanted, known, nearest });
  }
  const [only] = known;
  if (only === undefined || known.length > 1) {
    throw new KeepsakeError('CONFIG_APP_AMBIGUOUS', { known });
  }
  return only;
}

/**
 * What the config says about an app wins over its layout, the layout over the preset, key by key.
 *
 * @throws CONFIG_APP_UNKNOWN, CONFIG_LAYOUT_UNKNOWN, CONFIG_ROOT_MISSING, CONFIG_REFERENCE_DATABASE
 */
export function resolveApp(
  config: Pick<ConfigValues, 'apps'>,
  name: string,
  facts: MachineFacts,
): ResolvedApp {
  const app = config.apps[chooseApp(config, name)];
  if (app === undefined) throw new KeepsakeError('CONFIG_APP_UNKNOWN', { app: name, known: [] });
  const { root: place, layout, ...base } = placeOf(name, app, facts);
  const root = pathInApp('/', place);
  const merged = { ...base, ...withoutUndefined(app) };
  const at = (path: string) => pathInApp(root, path);
  const optional = app.files === undefined ? (base.optionalFiles ?? []).map(at) : [];
  const databases = (merged.databases ?? []).map(at);
  const paths = pathsToWalk(root, databases, (merged.files ?? []).map(at));
  return {
    name,
    preset: app.preset,
    layout,
    root,
    databases,
    paths,
    optionalPaths: optional.filter((path) => paths.includes(path)),
    exclude: (merged.exclude ?? []).map((item) => (item.startsWith('./') ? at(item) : item)),
    references: resolveReferences(name, at, databases, merged.references ?? []),
    service: merged.service,
    health: merged.health,
    owner: merged.owner,
    runAs: merged.runAs,
    workingDirectory: at(merged.workingDirectory ?? '.'),
    environment: merged.environment ?? {},
    drill: merged.drill === undefined ? undefined : resolveDrill(merged.drill, at),
    code:
      merged.code === undefined ? undefined : { ...merged.code, folder: at(merged.code.folder) },
    versionFile: merged.versionFile === undefined ? undefined : at(merged.versionFile),
  };
}

type Place = AppFacts & { root: string; layout: LayoutName | undefined };

function placeOf(name: string, app: AppConfig, facts: MachineFacts): Place {
  const preset = presetOf(app.preset);
  const named = preset.layouts.find((layout) => layout.name === app.layout);
  const found =
    named === undefined
      ? detectLayout(preset, facts, app.root)
      : { layout: named, root: app.root ?? named.usualRoot };
  if (found !== undefined) {
    return { ...preset.facts, ...found.layout.facts, root: found.root, layout: found.layout.name };
  }
  const tellsAll = app.databases !== undefined && app.files !== undefined;
  if (app.root !== undefined && (preset.layouts.length === 0 || tellsAll)) {
    return { ...preset.facts, root: app.root, layout: undefined };
  }
  if (preset.layouts.length === 0) {
    throw new KeepsakeError('CONFIG_ROOT_MISSING', { app: name, preset: app.preset });
  }
  const looked = preset.layouts.map(
    (layout) => `${layout.name} in ${app.root ?? layout.usualRoot}`,
  );
  throw new KeepsakeError('CONFIG_LAYOUT_UNKNOWN', { app: name, preset: app.preset, looked });
}

/** Without any list the whole root; a path below another one is walked with it. */
function pathsToWalk(root: string, databases: string[], files: string[]): string[] {
  const all = [...new Set([...databases, ...files])];
  if (all.length === 0) return [root];
  return all.filter((path) => !all.some((other) => other !== path && isBelow(path, other)));
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function resolveReferences(
  app: string,
  at: (path: string) => string,
  databases: readonly string[],
  references: readonly ReferenceConfig[],
): ReferenceConfig[] {
  return references.map((reference) => {
    const database = at(reference.database);
    if (databases.length > 0 && !databases.includes(database)) {
      throw new KeepsakeError('CONFIG_REFERENCE_DATABASE', { app, database, known: databases });
    }
    return { ...reference, database, folder: at(reference.folder) };
  });
}

/** `{root}` in it is the restored copy's root and stays for the drill to fill in. */
function resolveDrill(drill: DrillConfig, at: (path: string) => string): DrillConfig {
  const folder = drill.workingDirectory ?? '{root}';
  return { ...drill, workingDirectory: folder.startsWith('{root}') ? folder : at(folder) };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== undefined),
  ) as Defined<T>;
}
