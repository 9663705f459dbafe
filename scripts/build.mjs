// Builds dist/ from src/: few files instead of 300, because loading a module costs a third of a
// millisecond (docs/performance.md). Plain JavaScript, because `npm ci` runs it before anything else
// and under whatever Node the machine has (20 or newer).
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });

// Processes and threads are started from files of their own, beside the caller's: all of dist/ is
// one folder (src/base/sibling-module.ts). Each brings all it needs: what it shared with the command
// line would otherwise be cut into many small files.
const starts = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((file) =>
  basename(file).endsWith('-main.ts'),
);

await bundle('main.ts', {
  chunkFileNames: '[name]-[hash].js',
});
for (const start of starts) await bundle(start, { codeSplitting: false });

async function bundle(start, output) {
  await build({
    cwd: root,
    input: { [basename(start, '.ts')]: `src/${start}` },
    platform: 'node',
    external: ['koffi', 'sodium-native'], // bring native code that they find beside themselves
    output: {
      dir: 'dist',
      format: 'esm',
      entryFileNames: '[name].js',
      sourcemap: true, // for `--debug`, see bin/keepsake
      ...output,
    },
  });
}
