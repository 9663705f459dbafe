/** Fails when a file of `src/` imports what its layer may not, or takes time from thin air. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ambientEffects, ambientEffectsHome, layers, type Layer } from './layers.ts';

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'/g;
const COMMENT = /\/\*[\s\S]*?\*\/|(^|[^:])\/\/[^\n]*/g;

function layerOf(file: string): Layer | undefined {
  return layers.find(({ folder }) => file === folder || file.startsWith(`${folder}/`));
}

/** What is wrong with one file; empty when nothing is. `file` is relative to the root. */
export function checkFile(file: string, text: string): string[] {
  const own = layerOf(file);
  if (own === undefined) return [`${file}: belongs to no layer of scripts/layers.ts`];
  const code = text.replace(COMMENT, '$1');
  const problems: string[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const problem = specifier.startsWith('.')
      ? checkRelative(file, own, specifier)
      : checkPackage(own, specifier);
    if (problem !== undefined) problems.push(`${file}: ${problem}`);
  }
  const effect = ambientEffects.exec(code);
  if (effect !== null && file !== ambientEffectsHome) {
    problems.push(`${file}: takes ${effect[0]} from thin air; be handed a Clock or Random`);
  }
  return problems;
}

function checkRelative(file: string, own: Layer, specifier: string): string | undefined {
  const target = relative('/', resolve('/', dirname(file), specifier));
  const other = layerOf(target);
  if (other === own) return undefined;
  if (other === undefined) return `imports ${target}, which belongs to no layer`;
  if (other.level < own.level) return undefined;
  return `imports ${target}: level ${own.level} may not see ${other.folder} (level ${other.level})`;
}

function checkPackage(own: Layer, specifier: string): string | undefined {
  if (own.packages.includes(specifier)) return undefined;
  return `imports '${specifier}', which ${own.folder} may not use`;
}

export function checkTree(root: string): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((file) => file.endsWith('.ts') && !/(\.test|-suite)\.ts$/.test(file))
    .flatMap((file) => checkFile(file, readFileSync(join(root, file), 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkTree(fileURLToPath(new URL('..', import.meta.url)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log('layers: every import points down');
}
