import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

test('every test that takes a sample of deaths is run with each of them in the soak run', () => {
  const folder = fileURLToPath(new URL('../test/crash', import.meta.url));
  const names = readdirSync(folder).map((file) => file.replace(/\.test\.ts$/, ''));
  const sampling = names.filter((name) =>
    /crash-steps|each-death/.test(read(`test/crash/${name}.test.ts`)),
  );
  expect(sampling).toContain('guard-crash');
  const parts = read('scripts/soak-parts.ts');
  expect(sampling.filter((name) => !parts.includes(`'${name}'`))).toEqual([]);
});
