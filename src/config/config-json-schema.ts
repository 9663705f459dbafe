import { z } from 'zod';
import type { JsonSchema } from './json-schema-walk.ts';
import { configSchema } from './schema.ts';

/** JSON Schema (draft 2020-12) of what a person writes: for editors, the reference, and messages. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
  return { title: 'keepsake.yaml', ...(schema as object) };
}

/** The same as text, for `keepsake config schema`. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
