/** Files, listings and expectations that the suite of all backends works with. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { forEachConcurrent } from '../../src/base/concurrency.ts';
import type { Backend, FileHandle, FileKind } from '../../src/backend/backend.ts';

export const KINDS = ['key', 'lock', 'snapshot', 'index', 'pack'] as const;
export const CONFIG: FileHandle = { kind: 'config', name: '' };

/** The handle under which a repository would keep these bytes. */
export function handleOf(kind: FileKind, bytes: Uint8Array): FileHandle {
  return { kind, name: createHash('sha256').update(bytes).digest('hex') };
}

/** One that caches pass through, and those they keep. */
export function rangeHandles(bytes: Uint8Array): FileHandle[] {
  const name = handleOf('pack', bytes).name;
  const other = handleOf('pack', Uint8Array.of(1)).name;
  return [
    { kind: 'pack', name, content: 'tree' },
    { kind: 'pack', name: other, content: 'data' },
    { kind: 'index', name },
  ];
}

export async function saveAll(
  backend: Backend,
  kind: FileKind,
  files: Uint8Array[],
): Promise<void> {
  const save = (bytes: Uint8Array): Promise<void> => backend.save(handleOf(kind, bytes), bytes);
  await forEachConcurrent(files, save, { limit: 16 });
}

export async function names(backend: Backend, kind: FileKind): Promise<string[]> {
  return (await Array.fromAsync(backend.list(kind))).map(({ name }) => name);
}

export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** `toEqual` on megabytes takes seconds. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}

export async function expectFailure(call: Promise<unknown>, code: string): Promise<void> {
  await expect(call).rejects.toMatchObject({ code });
}
