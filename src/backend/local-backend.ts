/**
 * A repository in a local folder, in restic's layout (`layout.ts`) and with its permissions.
 *
 * A save writes `<name>-tmp-<random>` beside its target, syncs it, gives it its name by a hard link
 * (which, unlike a rename, refuses to replace), removes the temporary name and syncs the folder. On
 * a file system without hard links it looks first and then renames; two *processes* saving the same
 * name there at the same instant both succeed, which content-named files bear, because their bytes
 * are equal.
 */
import { dirname, join } from 'node:path';
import { toHex } from '../base/bytes.ts';
import type { Random } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type {
  Backend,
  CallOptions,
  FileHandle,
  FileKind,
  ListedFile,
  LoadOptions,
} from './backend.ts';
import { systemCode } from './file-errors.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { refuseForeignContent } from './foreign-content.ts';
import { handleFolder, handlePath, kindFolder, layoutFolders } from './layout.ts';
import { explainFailures } from './local-failures.ts';
import { deriveModes, FolderKeeper, makeFolders, type Modes } from './local-folders.ts';
import { listLocal, type LocalPlace } from './local-list.ts';
import { removeLocalLeftovers } from './local-leftovers.ts';
import { Publisher } from './publish.ts';
import { readRange, removeQuietly, whereSupported, writeNewFile } from './whole-file.ts';

export interface LocalBackendOptions {
  /** Absolute raw path. */
  readonly path: string;
  readonly random: Random;
  readonly fileLayer?: FileLayer | undefined;
  /**
   * Whether a path lies on a file system of this machine alone, where each process sees at once what
   * another wrote. Default: nobody knows.
   */
  readonly isOnThisMachine?: ((path: string) => Promise<boolean>) | undefined;
}

/** Touches nothing yet: a folder that does not exist shows with the first call. */
export function openLocalBackend(options: LocalBackendOptions): Backend {
  return new LocalBackend(options);
}

/** What others refer to or open: its removal must not be undone by a crash after what follows it. */
const REMOVED_DURABLY: readonly FileKind[] = ['config', 'key', 'snapshot', 'index'];

class LocalBackend implements Backend {
  readonly location: string;
  /** As restic's default for local repositories. */
  readonly connections = 2;
  readonly #place: LocalPlace;
  readonly #layer: FileLayer;
  readonly #random: Random;
  readonly #folders: FolderKeeper;
  readonly #publisher: Publisher;
  readonly #isOnThisMachine: LocalBackendOptions['isOnThisMachine'];
  #modes: Promise<Modes> | undefined;
  /** As the packs were last listed: no need to look into their 256 folders again. */
  #temporaryPacks: readonly string[] | undefined;

  constructor({ path, random, fileLayer = nodeFileLayer, isOnThisMachine }: LocalBackendOptions) {
    this.location = path;
    this.#place = { location: path, layer: fileLayer };
    this.#layer = fileLayer;
    this.#random = random;
    this.#folders = new FolderKeeper(fileLayer, path);
    this.#publisher = new Publisher(fileLayer);
    this.#isOnThisMachine = isOnThisMachine;
  }

  async create({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await explainFailures(this.#place, 'config', async () => {
      const modes = await this.#deriveModes();
      await refuseForeignContent(this.#layer, this.location);
      await makeFolders(this.#layer, this.location, modes.folder);
      await this.#folders.makeAll(layoutFolders(), modes.folder, signal);
      await this.#proveWritable(modes, signal);
    });
  }

  async save(handle: FileHandle, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const file = handlePath(handle);
    await explainFailures(this.#place, file, async () => {
      const modes = await this.#deriveModes();
      await this.#folders.ensure(handleFolder(handle), modes.folder);
      const temporary = await this.#writeTemporary(file, { bytes, modes, signal });
      try {
        await this.#publisher.publish(temporary, this.#path(file));
      } catch (error) {
        await removeQuietly(this.#layer, temporary);
        // Who asks again after a failure takes "exists" for "stored": then it must be durable.
        if (systemCode(error) === 'EEXIST') await this.#syncFolderOf(file);
        throw error;
      }
      await this.#syncFolderOf(file);
    });
  }

  async load(handle: FileHandle, options: LoadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const file = handlePath(handle);
    const place = { location: this.location, file };
    return explainFailures(this.#place, file, () =>
      readRange(this.#layer, this.#path(file), { ...options, place }),
    );
  }

  async stat(handle: FileHandle, { signal }: CallOptions = {}): Promise<{ sizeBytes: number }> {
    signal?.throwIfAborted();
    const file = handlePath(handle);
    const stat = (): Promise<{ sizeBytes: number }> => this.#layer.stat(this.#path(file));
    const { sizeBytes } = await explainFailures(this.#place, file, stat);
    return { sizeBytes };
  }

  async *list(kind: FileKind, { signal }: CallOptions = {}): AsyncGenerator<ListedFile> {
    const folder = kind === 'config' ? 'config' : kindFolder(kind);
    const temporary: string[] = [];
    const onTemporary = (file: string): unknown => temporary.push(file);
    const isOnThisMachine = kind === 'pack' && (await this.#isHere(kindFolder('pack')));
    const files = listLocal(this.#place, kind, { signal, isOnThisMachine, onTemporary });
    for (;;) {
      signal?.throwIfAborted();
      const next = await explainFailures(this.#place, folder, () => files.next());
      if (next.done === true) break;
      yield next.value;
    }
    if (kind === 'pack') this.#temporaryPacks = temporary;
  }

  /** Of the folder of the locks: it may be a mount of its own. */
  listsAtOnce(): Promise<boolean> {
    return this.#isHere(kindFolder('lock'));
  }

  async remove(handle: FileHandle, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const file = handlePath(handle);
    await explainFailures(this.#place, file, async () => {
      await this.#layer.unlink(this.#path(file));
      if (REMOVED_DURABLY.includes(handle.kind)) await this.#syncFolderOf(file);
    });
  }

  async removeLeftovers(before: Date, { signal }: CallOptions = {}): Promise<number> {
    const known = this.#temporaryPacks;
    return explainFailures(this.#place, 'config', () =>
      removeLocalLeftovers(this.#place, { before, known, signal }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every call closes what it opened.
  }

  async #isHere(folder: string): Promise<boolean> {
    try {
      return (await this.#isOnThisMachine?.(this.#path(folder))) ?? false;
    } catch {
      return false; // what cannot be asked is not known
    }
  }

  #path(file: string): string {
    return join(this.location, file);
  }

  async #syncFolderOf(file: string): Promise<void> {
    await whereSupported(this.#layer.syncFolder(dirname(this.#path(file))));
  }

  async #deriveModes(): Promise<Modes> {
    this.#modes ??= deriveModes(this.#layer, this.#path('config'));
    return this.#modes;
  }

  async #proveWritable(modes: Modes, signal: AbortSignal | undefined): Promise<void> {
    const bytes = Uint8Array.of(0);
    await this.#layer.unlink(await this.#writeTemporary('config', { bytes, modes, signal }));
  }

  async #writeTemporary(
    file: string,
    { modes, ...content }: { bytes: Uint8Array; modes: Modes; signal: AbortSignal | undefined },
  ): Promise<string> {
    const temporary = `${this.#path(file)}-tmp-${toHex(this.#random(8))}`;
    try {
      await writeNewFile(this.#layer, temporary, {
        ...content,
        place: { location: this.location, file },
        mode: modes.file,
        finalMode: modes.file & ~0o222, // against changes by accident, as restic does
      });
    } catch (error) {
      throw await this.#missingFolder(error, file);
    }
    return temporary;
  }

  /** A file that is being made cannot be what is missing. */
  async #missingFolder(error: unknown, file: string): Promise<unknown> {
    if (systemCode(error) !== 'ENOENT' || !file.includes('/')) return error;
    if (!(await this.#folders.rootExists())) return error;
    const details = { location: this.location, folder: dirname(file) };
    return new KeepsakeError('BACKEND_FOLDER_MISSING', details, { cause: error });
  }
}
