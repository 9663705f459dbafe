/** The generated half of docs/configuration.md. */
import { configJsonSchema } from './config-json-schema.ts';
import { environmentVariables } from './environment-variables.ts';
import { listKeys, type JsonSchema, type KeyEntry } from './json-schema-walk.ts';
import { presets } from './presets/all-presets.ts';
import type { Layout, Preset } from './presets/preset.ts';

const REFERENCE_BEGIN = '<!-- generated from src/config: begin -->';
const REFERENCE_END = '<!-- generated from src/config: end -->';

const UNFORMATTED_BEGIN = '<!-- prettier-ignore-start -->';
const UNFORMATTED_END = '<!-- prettier-ignore-end -->';

/** `page` with the part between the two marks written anew. */
export function withReference(page: string): string {
  const begin = page.indexOf(REFERENCE_BEGIN);
  const end = page.indexOf(REFERENCE_END);
  if (begin < 0 || end < begin) throw new RangeError('the page lacks the marks of the reference');
  const head = page.slice(0, begin + REFERENCE_BEGIN.length);
  return `${head}\n${UNFORMATTED_BEGIN}\n\n${configReference()}\n${UNFORMATTED_END}\n${page.slice(end)}`;
}

/** Every key, every preset and every variable, as Markdown. */
export function configReference(): string {
  return [keysSection(), presetsSection(), variablesSection()].join('\n');
}

function keysSection(): string {
  const lines = [
    '## Every key',
    '',
    '`*` stands for the name of an app or of a variable, `[]` for each item of a list.',
    '',
    '| key | value | default | meaning |',
    '| --- | --- | --- | --- |',
  ];
  const entries = [...listKeys(configJsonSchema())];
  return [...lines, ...entries.map(keyRow), ''].join('\n');
}

function keyRow({ path, schema, required }: KeyEntry): string {
  const standard = required ? '**required**' : defaultText(schema);
  const cells = [`\`${path}\``, valueText(schema), standard, schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultText(schema: JsonSchema): string {
  if (schema.default === undefined || typeof schema.default === 'object') return '';
  return `\`${JSON.stringify(schema.default).replaceAll('"', '')}\``;
}

function valueText(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(valueText).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((name) => `\`${name}\``).join(', ');
  if (schema.type === 'array') return `list of ${plural(valueText(schema.items ?? {}))}`;
  if (schema.type === 'object') return 'map';
  if (schema.type === 'integer') return 'whole number';
  if (schema.type === 'boolean') return '`true` or `false`';
  if (schema.pattern?.includes('(ms|s|min|h|d)') === true) return 'time';
  if (schema.pattern?.includes('[KMGT]') === true) return 'size';
  return 'text';
}

function plural(kind: string): string {
  if (kind === 'map') return 'maps';
  return kind.startsWith('list of') ? kind.replace('list', 'lists') : kind;
}

function presetsSection(): string {
  return ['## Presets', '', ...presets.flatMap((preset) => presetLines(preset))].join('\n');
}

function presetLines(preset: Preset): string[] {
  const facts = preset.layouts.flatMap((layout) => layoutLines(preset, layout));
  return [`### \`${preset.name}\``, '', preset.title, '', ...facts];
}

function layoutLines(preset: Preset, layout: Layout): string[] {
  const { databases, files, optionalFiles, service, health, owner } = {
    ...preset.facts,
    ...layout.facts,
  };
  const filesText = (files ?? []).map(
    (file) => `\`${file}\`${optionalFiles?.includes(file) === true ? ' (if there)' : ''}`,
  );
  return [
    `**Layout \`${layout.name}\`**: ${layout.title}`,
    '',
    `- root: \`${layout.usualRoot}\` unless the config names another`,
    `- recognised by: ${layout.marks.map((mark) => mark.map((path) => `\`${path}\``).join(' or ')).join(', ')}`,
    `- databases: ${(databases ?? []).map((path) => `\`${path}\``).join(', ')}`,
    `- files: ${filesText.join(', ')}`,
    `- service: ${serviceText(service)}; health: \`${health?.url}\` answers ${health?.status}; owner \`${owner}\``,
    '',
  ];
}

function serviceText(service: Layout['facts']['service']): string {
  if (service?.systemd !== undefined) return `systemd \`${service.systemd}\``;
  return service?.docker === undefined ? 'commands' : `docker \`${service.docker}\``;
}

function variablesSection(): string {
  const lines = [
    '## Environment variables',
    '',
    '| variable | or | meaning |',
    '| --- | --- | --- |',
  ];
  const rows = environmentVariables.map(({ name, restic, meaning }) => {
    return `| \`${name}\` | ${restic === undefined ? '' : `\`${restic}\``} | ${meaning} |`;
  });
  return [...lines, ...rows, ''].join('\n');
}
