import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkFile, checkTree } from './check-layers.ts';

test('the house as it stands has no forbidden import', () => {
  expect(checkTree(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
});

test.each([
  ['a lower row importing a higher one', `import { x } from '../repository/repository.ts';`],
  ['a row importing its equal', `import type { x } from '../config/config.ts';`],
  ['a lazy import upwards', `const x = await import('../cli/cli.ts');`],
  ['a re-export upwards', `export { x } from '../operations/backup.ts';`],
  ['an import over several lines', `import {\n  x,\n  y,\n} from '../backend/backend.ts';`],
  ['an npm package not on the list', `import { z } from 'zod';`],
  ['a Node module not on the list', `import { readFile } from 'node:fs/promises';`],
  ['ambient time', `const at = Date.now();`],
])('planted in src/format, %s is found', (_, line) => {
  expect(checkFile('src/format/pack.ts', `${line}\n`)).toHaveLength(1);
});

test('lower rows, the own folder and listed packages pass', () => {
  const text = `import { toHex } from '../base/bytes.ts';\nimport { y } from './node.ts';\nimport { createHash } from 'node:crypto';\n// import { z } from 'zod'; and Date.now in a comment\n`;
  expect(checkFile('src/format/pack.ts', text)).toEqual([]);
});

test('a file outside every layer is named', () => {
  expect(checkFile('src/stray/x.ts', '')).toEqual([
    'src/stray/x.ts: belongs to no layer of scripts/layers.ts',
  ]);
});
