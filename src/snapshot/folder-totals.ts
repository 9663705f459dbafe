import type { ManifestFolder } from './manifest.ts';

/** Files and bytes below each of the paths that were asked for. */
export class FolderTotals {
  readonly #totals: { path: string; prefix: string; fileCount: number; sizeBytes: number }[];

  constructor(paths: readonly string[]) {
    this.#totals = paths.map((path) => ({
      path,
      prefix: path === '/' ? '/' : `${path}/`,
      fileCount: 0,
      sizeBytes: 0,
    }));
  }

  /** @param path of the file, or of the folder that holds so many */
  note(path: string, sizeBytes: number, fileCount = 1): void {
    for (const total of this.#totals) {
      if (path !== total.path && !path.startsWith(total.prefix)) continue;
      total.fileCount += fileCount;
      total.sizeBytes += sizeBytes;
    }
  }

  totals(): ManifestFolder[] {
    return this.#totals.map(({ path, fileCount, sizeBytes }) => ({ path, fileCount, sizeBytes }));
  }
}
