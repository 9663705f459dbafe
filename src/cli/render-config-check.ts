import type { PasswordSetting, RepositorySetting } from '../config/repository-settings.ts';
import type { Settings } from '../config/environment.ts';
import { appProblems, type CheckedApp, type ConfigVerdict } from '../operations/check-config.ts';
import type { Output } from './output.ts';
import { count } from './phrases.ts';

export interface ConfigCheck {
  readonly fileName: string;
  readonly settings: Settings;
  readonly verdict: ConfigVerdict;
}

/** True when nothing is wrong. */
export function renderConfigVerdict(output: Output, check: ConfigCheck): boolean {
  const { fileName, settings, verdict } = check;
  const problems = verdict.apps.flatMap((checked) =>
    appProblems(checked).map((text) => `app "${checked.app.name}": ${text}`),
  );
  const total = problems.length + verdict.errors.length;
  output.print(
    total === 0
      ? `${fileName} is fine: ${count(verdict.apps.length, 'app')}`
      : `${fileName} can be read, but ${count(total, 'thing')} would go wrong`,
  );
  output.print(`repository: ${describeRepository(settings.repository)}`);
  output.print(`password: ${describePassword(settings.password)}`);
  for (const checked of verdict.apps) showApp(output, checked);
  for (const text of problems) output.warn(`${output.style('red', 'error:')} ${text}`);
  for (const { message, hint } of verdict.errors) {
    output.warn(`${output.style('red', 'error:')} ${message}`);
    output.warn(`  ${hint}`);
  }
  output.emit({
    message_type: 'config_check',
    file: fileName,
    ok: total === 0,
    problems: [...problems, ...verdict.errors.map(({ message }) => message)],
    apps: verdict.apps.map(appMessage),
  });
  return total === 0;
}

function describeRepository(setting: RepositorySetting | undefined): string {
  if (setting === undefined) return 'none is named; each command needs --repo';
  const where = setting.kind === 'url' ? setting.url : `named in ${setting.path}`;
  return `${where} (from ${setting.origin})`;
}

function describePassword(setting: PasswordSetting | undefined): string {
  if (setting === undefined) return 'none is given; commands ask for it at a terminal';
  const { kind, origin } = setting;
  if (kind === 'file') return `in ${setting.path} (from ${origin})`;
  return kind === 'command' ? `from ${setting.argv[0] ?? ''} (from ${origin})` : `from ${origin}`;
}

function showApp(output: Output, { app, databases, paths }: CheckedApp): void {
  const layout = app.layout === undefined ? '' : `, layout ${app.layout}`;
  output.print('');
  output.print(`${app.name}: preset ${app.preset}${layout}, in ${app.root}`);
  for (const { path, state } of databases) output.print(`  database ${path}: ${state}`);
  if (databases.length === 0) output.print('  databases: whatever is found below the paths');
  for (const { path, isThere, isOptional } of paths) {
    if (databases.some((database) => database.path === path)) continue;
    const missing = isOptional ? 'not there, and need not be' : 'missing';
    output.print(`  path ${path}: ${isThere ? 'found' : missing}`);
  }
  for (const pattern of app.exclude) output.print(`  left out: ${pattern}`);
}

function appMessage({ app, databases, paths }: CheckedApp): object {
  const { name, preset, layout, root, exclude } = app;
  return {
    name,
    preset,
    layout,
    root,
    databases,
    paths: paths.map(({ path, isThere, isOptional }) => ({
      path,
      found: isThere,
      optional: isOptional,
    })),
    exclude,
  };
}
