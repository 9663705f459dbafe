/** Questions to the JSON Schema of the config: which keys there are, and what is said of each. */

export interface JsonSchema {
  readonly title?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

export interface KeyEntry {
  /** With dots; `*` stands for a name of the user's own, `[]` for an item of a list. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** Every key, each before what is below it, in the order of the schema. */
export function* listKeys(schema: JsonSchema, prefix = ''): Generator<KeyEntry> {
  for (const option of schema.anyOf ?? []) yield* listKeys(option, prefix);
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    yield { path, schema: child, required: schema.required?.includes(key) ?? false };
    yield* listKeys(child, path);
  }
  if (typeof schema.additionalProperties === 'object') {
    yield* listKeys(schema.additionalProperties, `${prefix}.*`);
  }
  if (schema.items !== undefined) yield* listKeys(schema.items, `${prefix}[]`);
}

/** The keys that the object at `path` may have. */
export function keysAt(schema: JsonSchema, path: readonly PropertyKey[]): string[] {
  const [first, ...rest] = path;
  const options = schema.anyOf ?? [];
  if (first === undefined) {
    return [...Object.keys(schema.properties ?? {}), ...options.flatMap((o) => keysAt(o, path))];
  }
  const child =
    typeof first === 'number'
      ? schema.items
      : (schema.properties?.[String(first)] ?? ownNames(schema));
  return [
    ...(child === undefined ? [] : keysAt(child, rest)),
    ...options.flatMap((option) => keysAt(option, path)),
  ];
}

function ownNames(schema: JsonSchema): JsonSchema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
