/** Starts what `wasm-code.ts` holds. */

const PAGE_BYTES = 64 * 1024;

export interface WasmInstance {
  readonly memory: Uint8Array;
  readonly run: (...parameters: number[]) => number;
}

/**
 * Takes well under a millisecond.
 *
 * @param code a module in base64 that exports its empty `memory` and the function `run`
 */
export function instantiate(code: string, memoryBytes: number): WasmInstance {
  const { Module, Instance } = webAssembly();
  const { memory, run } = new Instance(new Module(Buffer.from(code, 'base64'))).exports;
  memory.grow(Math.ceil(memoryBytes / PAGE_BYTES));
  return { memory: new Uint8Array(memory.buffer), run };
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
      readonly run: (...parameters: number[]) => number;
    };
  };
}

/** `WebAssembly` is everywhere Node is, but typed only in the browser's library. */
function webAssembly(): WebAssemblyApi {
  return (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
}
