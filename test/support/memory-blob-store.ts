/** The smallest thing that satisfies `BlobReader`: blobs in a map, named by their SHA-256. */
import { createHash } from 'node:crypto';
import { encodeTree } from '../../src/format/tree.ts';
import type { Node } from '../../src/format/node.ts';
import type { BlobReader, BlobType } from '../../src/snapshot/blob-reader.ts';

export class MemoryBlobStore implements BlobReader {
  readonly blobs = new Map<string, Uint8Array>();
  /** How often `loadBlob` was called. */
  loads = 0;

  saveBlob(type: BlobType, bytes: Uint8Array): string {
    const id = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(`${type}/${id}`, Uint8Array.from(bytes));
    return id;
  }

  saveTree(nodes: readonly Node[]): string {
    return this.saveBlob('tree', encodeTree(nodes));
  }

  removeBlob(type: BlobType, id: string): void {
    this.blobs.delete(`${type}/${id}`);
  }

  loadBlob(
    type: BlobType,
    id: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Uint8Array> {
    this.loads += 1;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const bytes = this.blobs.get(`${type}/${id}`);
    if (bytes === undefined) return Promise.reject(new Error(`no ${type} blob ${id}`));
    return Promise.resolve(bytes);
  }

  blobSizeBytes(type: BlobType, id: string): number | undefined {
    return this.blobs.get(`${type}/${id}`)?.length;
  }
}
