/** Names of fields as `--json` has them, which are restic's way: `rowCount` becomes `row_count`. */
export function snakeCase(fields: object): Record<string, unknown> {
  const renamed = Object.entries(fields).map(([key, value]: [string, unknown]) => [
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    snakeCaseWithin(value),
  ]);
  return Object.fromEntries(renamed) as Record<string, unknown>;
}

function snakeCaseWithin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCaseWithin);
  return typeof value === 'object' && value !== null ? snakeCase(value) : value;
}
