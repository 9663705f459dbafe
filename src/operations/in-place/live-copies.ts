/**
 * Copies of a database that its app goes on using: of the old state before a live restore writes
 * over it, and of what stood there since when that is written over once more.
 *
 * Whether a write that was cut off came to pass is told by the schema cookie: SQLite's backup API
 * raises the one of its target in the same transaction (`sqlite3_backup_step`, "to make sure that
 * the schema-version really does change"), and nothing sets it back.
 */
import { existsSync } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { equalBytes } from '../../base/bytes.ts';
import { isKeepsakeError, type KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { captureImage, type CapturedImage } from '../../sqlite/capture.ts';
import { DATABASE_HEADER_BYTES, decodeDatabaseHeader } from '../../sqlite/database-file.ts';
import { withScratchFolder } from '../scratch-folder.ts';
import type { Workbench } from '../workbench.ts';
import { kindOf, makeFolders } from './change-files.ts';
import type { ChangeMachine } from './change-machine.ts';
import type { SwapRoot } from './swap-units.ts';

export interface LiveCopiesOptions {
  readonly workbench: Workbench;
  readonly machine: ChangeMachine;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing in it can be kept. */
const BEYOND_READING = ['DATABASE_MISSING', 'DATABASE_EMPTY', 'DATABASE_NOT_SQLITE'] as const;
const CHUNK_BYTES = 1 << 20;

export class LiveCopies {
  readonly #options: LiveCopiesOptions;

  constructor(options: LiveCopiesOptions) {
    this.#options = options;
  }

  /** `wasCutOff`: while it was written; where it was, the copy made before is the old state. */
  async keepOld(root: SwapRoot, { wasCutOff }: { wasCutOff: boolean }): Promise<void> {
    const { workbench, machine, signal } = this.#options;
    await using scratch = await withScratchFolder(workbench);
    await using image = await this.#capture(root, scratch.path, { configured: true, signal });
    const hasOld = wasCutOff && (await kindOf(machine.files, root.old)) !== undefined;
    if (hasOld && !(await isUntouched(image, root))) await this.#keepPresent(root, image);
    else await this.#save(root, image, root.old);
  }

  /** Before the old state is written back: false where it is still there, with what came since. */
  async keepForUndo(root: SwapRoot): Promise<boolean> {
    await using scratch = await withScratchFolder(this.#options.workbench);
    try {
      await using image = await this.#capture(root, scratch.path, { configured: false });
      if (await isUntouched(image, root)) return false;
      await this.#keepPresent(root, image);
    } catch (error) {
      if (!BEYOND_READING.some((code) => isKeepsakeError(error, code))) throw error;
      const { message } = error as KeepsakeError;
      this.#options.warn(`what stood there before the old state came back is not kept: ${message}`);
    }
    return true;
  }

  /** Its copy is of no more use. */
  async forget({ old }: SwapRoot): Promise<void> {
    for (const path of [old, halfOf(old)]) await rm(fsPath(path), { force: true });
  }

  async #keepPresent(root: SwapRoot, image: CapturedImage): Promise<void> {
    if (await isAsRestored(image.imagePath, root.fresh)) return;
    const path = await freeName(this.#options.machine, root.stray);
    await this.#save(root, image, path);
    this.#options.warn(`what ${root.at} held before it was written over is kept in ${path}`);
  }

  #capture(
    { at: path }: SwapRoot,
    scratchFolder: string,
    options: { configured: boolean; signal?: AbortSignal | undefined },
  ): Promise<CapturedImage> {
    const { clock, gate } = this.#options.workbench;
    return captureImage({ path, scratchFolder, clock, gate, ...options });
  }

  /** The name appears with the whole content. */
  async #save({ at }: SwapRoot, { imagePath }: CapturedImage, path: string): Promise<void> {
    const { files, attributes, syncFileSystem } = this.#options.machine;
    const folder = dirname(path);
    await makeFolders(files, folder);
    const half = halfOf(path);
    await rm(fsPath(half), { force: true });
    await copyFile(fsPath(imagePath), fsPath(half));
    await attributes.write(half, await attributes.read(at));
    await syncFileSystem(folder);
    await files.rename(half, path);
    await files.syncFolder(folder);
  }
}

function halfOf(path: string): string {
  return `${path}.half`;
}

/** Never written over since its copy was made. Not to be told of an image that SQLite made. */
async function isUntouched(image: CapturedImage, { old }: SwapRoot): Promise<boolean> {
  if (image.method === 'backup') return false;
  const [now, then] = [await headerOf(image.imagePath), await headerOf(old)];
  return now !== undefined && now.schemaCookie === then?.schemaCookie;
}

async function headerOf(path: string) {
  await using file = await open(fsPath(path), 'r');
  const bytes = new Uint8Array(DATABASE_HEADER_BYTES);
  await file.read(bytes, 0, bytes.byteLength, 0);
  return decodeDatabaseHeader(bytes);
}

/** Nobody wrote to it since: but for its header it is what was restored. */
async function isAsRestored(imagePath: string, fresh: string): Promise<boolean> {
  if (!existsSync(fsPath(fresh))) return false;
  await using image = await open(fsPath(imagePath), 'r');
  await using wanted = await open(fsPath(fresh), 'r');
  if ((await image.stat()).size !== (await wanted.stat()).size) return false;
  const [a, b] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  for (let at = DATABASE_HEADER_BYTES; ; at += CHUNK_BYTES) {
    const { bytesRead } = await image.read(a, 0, CHUNK_BYTES, at);
    await wanted.read(b, 0, CHUNK_BYTES, at);
    if (!equalBytes(a.subarray(0, bytesRead), b.subarray(0, bytesRead))) return false;
    if (bytesRead < CHUNK_BYTES) return true;
  }
}

async function freeName({ files }: ChangeMachine, path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? path : join(dirname(path), `${basename(path)}.${count}`);
    if ((await kindOf(files, name)) === undefined) return name;
  }
}
