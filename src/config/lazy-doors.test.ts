import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** The packages a module brings in when it is loaded, through everything it imports. */
function packagesOf(file: URL, seen = new Set<string>()): string[] {
  if (seen.has(file.href)) return [];
  seen.add(file.href);
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s(?!type\b)[^;]*?from\s'([^']+)'/gm,
  );
  return [...imports].flatMap(([, name = '']) =>
    name.startsWith('.') ? packagesOf(new URL(name, file), seen) : [name],
  );
}

function packagesOfModule(name: string): string[] {
  return packagesOf(new URL(name, import.meta.url));
}

test.each([
  './environment.ts',
  './resolve-app.ts',
  './detect-layout.ts',
  '../base/nearest-name.ts',
])('%s can be loaded at start: neither zod nor yaml comes with it', (name) => {
  expect(packagesOfModule(name).filter((it) => !it.startsWith('node:'))).toEqual([]);
});

test('the door to config files does bring them', () => {
  expect(packagesOfModule('./load-config.ts')).toEqual(expect.arrayContaining(['zod', 'yaml']));
});

test('every module of the folder runs under Node as it is', async () => {
  const script = `await import(${JSON.stringify(new URL('./config-reference.ts', import.meta.url).href)});
    await import(${JSON.stringify(new URL('./render-config.ts', import.meta.url).href)});
    console.log('loaded')`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
  ]);
  expect(stdout).toBe('loaded\n');
});
