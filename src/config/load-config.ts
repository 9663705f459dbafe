/** The door to config files. It loads zod and yaml: import it when a config file is at hand. */
import { posix } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { configJsonSchema } from './config-json-schema.ts';
import { describeIssues } from './config-problems.ts';
import { configSchema, type Config, type ConfigValues } from './schema.ts';
import { readYaml } from './yaml-document.ts';

/**
 * Reads the text of a config file. Paths in it that are relative stay relative to the folder of
 * `fileName`, which is absolute or relative to the current folder.
 *
 * @throws CONFIG_INVALID with every problem there is, each with its place
 */
export function parseConfig(text: string, { fileName }: { fileName: string }): Config {
  const document = readYaml(text.replace(/^\uFEFF/, ''));
  if ('length' in document)
    throw new KeepsakeError('CONFIG_INVALID', { file: fileName, problems: document });
  if (document.value === null) {
    const problems = [{ path: '', text: 'the file says nothing; it needs at least "apps:"' }];
    throw new KeepsakeError('CONFIG_INVALID', { file: fileName, problems });
  }
  const result = configSchema.safeParse(document.value);
  if (!result.success) {
    const problems = describeIssues(result.error.issues, { document, schema: configJsonSchema() });
    throw new KeepsakeError('CONFIG_INVALID', { file: fileName, problems });
  }
  return { ...withWholePaths(result.data, fileName), fileName, given: document.given };
}

const URL_START = /^[a-z0-9]+:/i;

function withWholePaths(values: ConfigValues, fileName: string): ConfigValues {
  const folder = posix.dirname(fileName);
  const whole = (path: string) => (path.startsWith('/') ? path : posix.join(folder, path));
  const named: ConfigValues = { ...values };
  for (const key of ['passwordFile', 'state', 'scratch', 'cache'] as const) {
    const path = values[key];
    if (path !== undefined) named[key] = whole(path);
  }
  if (values.repository !== undefined && !URL_START.test(values.repository)) {
    named.repository = whole(values.repository);
  }
  return named;
}
