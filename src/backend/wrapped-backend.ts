import type {
  Backend,
  CallOptions,
  FileHandle,
  FileKind,
  ListedFile,
  LoadOptions,
} from './backend.ts';

/** Passes every call on. Wrappers extend it and override what they change. */
export class WrappedBackend implements Backend {
  readonly location: string;
  readonly connections: number;
  protected readonly inner: Backend;

  constructor(inner: Backend, connections: number = inner.connections) {
    this.inner = inner;
    this.location = inner.location;
    this.connections = connections;
  }

  create(options?: CallOptions): Promise<void> {
    return this.inner.create(options);
  }

  save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return this.inner.save(handle, bytes, options);
  }

  load(handle: FileHandle, options?: LoadOptions): Promise<Uint8Array> {
    return this.inner.load(handle, options);
  }

  stat(handle: FileHandle, options?: CallOptions): Promise<{ sizeBytes: number }> {
    return this.inner.stat(handle, options);
  }

  list(kind: FileKind, options?: CallOptions): AsyncIterable<ListedFile> {
    return this.inner.list(kind, options);
  }

  async listsAtOnce(): Promise<boolean> {
    return (await this.inner.listsAtOnce?.()) ?? false;
  }

  remove(handle: FileHandle, options?: CallOptions): Promise<void> {
    return this.inner.remove(handle, options);
  }

  async removeLeftovers(before: Date, options?: CallOptions): Promise<number> {
    return (await this.inner.removeLeftovers?.(before, options)) ?? 0;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.inner[Symbol.asyncDispose]();
  }
}
