/** For commands that must not write, whatever the code above them does. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Backend, FileHandle } from './backend.ts';
import { handlePath } from './layout.ts';
import { WrappedBackend } from './wrapped-backend.ts';

/** Every writing call fails with `BACKEND_READ_ONLY`. */
export function asReadOnly(backend: Backend): Backend {
  return new ReadOnlyBackend(backend);
}

class ReadOnlyBackend extends WrappedBackend {
  override create(): Promise<void> {
    return this.#refuse('config');
  }

  override save(handle: FileHandle): Promise<void> {
    return this.#refuse(handlePath(handle));
  }

  override remove(handle: FileHandle): Promise<void> {
    return this.#refuse(handlePath(handle));
  }

  override async removeLeftovers(): Promise<number> {
    return 0;
  }

  async #refuse(file: string): Promise<never> {
    throw new KeepsakeError('BACKEND_READ_ONLY', { location: this.location, file });
  }
}
