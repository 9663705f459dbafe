import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mutations } from './mutations.ts';

function read(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
}

test.each(mutations)('the guarded line still stands, and so does its test: $what', (mutation) => {
  const { file, text, test } = mutation;
  expect(read(file).split(text)).toHaveLength(2);
  expect(read(test.file)).toContain(test.title);
});

test('docs/data-safety.md names every test that guards a rule', () => {
  const page = read('docs/data-safety.md');
  const missing = mutations.filter(({ test }) => !page.includes(test.title));
  expect(missing.map(({ test }) => test.title)).toEqual([]);
});
