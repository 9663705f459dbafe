import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema, configJsonSchemaText } from './config-json-schema.ts';
import { configReference, withReference } from './config-reference.ts';
import { listKeys } from './json-schema-walk.ts';
import { parseConfig } from './load-config.ts';
import { renderConfig } from './render-config.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const samples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
const keys = [...listKeys(configJsonSchema())];
const fileName = '/etc/keepsake/keepsake.yaml';

// An independent reading of the schema's text: what an editor does with it.
const asEditor = z.fromJSONSchema(
  JSON.parse(configJsonSchemaText()) as z.core.JSONSchema.JSONSchema,
);

test('docs/configuration.md is up to date (npm run docs)', () => {
  expect(withReference(page)).toBe(page);
});

test('a page without the marks is not overwritten', () => {
  expect(() => withReference('# Other page')).toThrow(RangeError);
});

test('every key is documented, in a sentence', () => {
  expect(keys.length).toBeGreaterThan(50);
  for (const { path, schema } of keys) {
    expect.soft(schema.description, path).toMatch(/^[`A-Z].*\.$/);
    expect(configReference()).toContain(`| \`${path}\` |`);
  }
});

test('the samples of the page are at least five, and each is valid for us and for an editor', () => {
  expect(samples.length).toBeGreaterThanOrEqual(5);
  for (const sample of samples) {
    expect(() => parseConfig(sample, { fileName })).not.toThrow();
    expect(asEditor.safeParse(parse(sample))).toMatchObject({ success: true });
  }
});

test.each([
  'apps: {w: {databses: [a]}}',
  'repositry: /x',
  'apps: {w: {preset: wishlst}}',
  'apps: {Wish: {}}',
  'capture: {lock-limit: 2}',
  'capture: {lock-limit: 2 parsecs}',
  'apps: {w: {health: {url: "http://x/", not: [{status: 302}]}}}',
  'repository: {password-file: x}',
])('an editor refuses %s as we do', (text) => {
  expect(asEditor.safeParse(parse(text)).success).toBe(false);
  expect(() => parseConfig(text, { fileName })).toThrow();
});

test('an editor is told that a service is exactly one thing', () => {
  const service = keys.find(({ path }) => path === 'apps.*.service')?.schema;
  expect(service).toMatchObject({ minProperties: 1, maxProperties: 1 });
});

test('the schema names its draft, and what is not required is not asked for', () => {
  expect(JSON.parse(configJsonSchemaText())).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'keepsake.yaml',
  });
  expect(keys.filter(({ path }) => !path.includes('.')).some(({ required }) => required)).toBe(
    false,
  );
});

const secretive = `
repository: r
apps:
  w:
    root: /srv/w
    run-as: w
    environment: { SMTP_PASSWORD: hunter2 }
    service: { commands: { stop: [a], start: [b] } }
    health: { url: http://x/, not: [{ status: 302, means: q }] }
    references: [{ database: d, table: t, column: c, folder: f }]
    drill: { command: [a], environment: { KEY: hunter2 } }
`;

test('the effective config marks its defaults and shows no secret', () => {
  expect(renderConfig(parseConfig(secretive, { fileName }))).toMatchSnapshot();
});

test('what is shown is a valid config of the same meaning, secrets apart', () => {
  for (const sample of [...samples, secretive.replaceAll('hunter2', '"[set]"')]) {
    const { given: _, ...config } = parseConfig(sample, { fileName });
    const again = parseConfig(renderConfig({ ...config, given: _ }), { fileName });
    expect({ ...again, given: undefined }).toEqual({ ...config, given: undefined });
  }
});
