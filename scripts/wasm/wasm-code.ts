/** What src/format/wasm-code.ts should hold. */
import { assembleModule } from './assembler.ts';
import { RABIN_SCAN } from './rabin-scan.ts';
import { roMix } from './ro-mix.ts';
import type { WasmFunction } from './assembler.ts';

const WIDTHS = [2, 3];

export function renderWasmCode(): string {
  const mixes = WIDTHS.map((lanes) => `  ${lanes}: '${code(roMix(lanes))}',\n`);
  return `/**
 * WebAssembly modules in base64. Written by \`npm run docs\` from scripts/wasm/; not edited by hand.
 */

/** By the number of lanes. */
export const RO_MIX = {
${mixes.join('')}} as const;

export const RABIN_SCAN =
  '${code(RABIN_SCAN)}';
`;
}

function code(definition: WasmFunction): string {
  return Buffer.from(assembleModule(definition)).toString('base64');
}
