/**
 * Where the rounds work. No file is removed while anything is still to be measured: ext4 without a
 * journal hands out no inode that was freed within the last minutes, so that whatever creates files
 * after a removal searches long for free ones (fs/ext4/ialloc.c, `recently_deleted`). What a round
 * leaves is only emptied, which gives its space back.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from './folder-facts.ts';
import { measure } from './measure.ts';
import { initCommand, type Place } from './tools.ts';

export class Workshop {
  /** Of this run. */
  readonly folder: string;
  readonly #empty: Pick<Place, 'emptyRepository' | 'passwordFile'>;
  #rounds = 0;

  private constructor(folder: string, empty: Pick<Place, 'emptyRepository' | 'passwordFile'>) {
    this.folder = folder;
    this.#empty = empty;
  }

  /** A folder of this run's own, beside those of earlier ones. */
  static async open(dataFolder: string): Promise<Workshop> {
    const work = workFolder(dataFolder);
    mkdirSync(work, { recursive: true });
    const serials = readdirSync(work).map((name) => Number(/^run-(\d+)$/.exec(name)?.[1] ?? 0));
    const folder = join(work, `run-${Math.max(0, ...serials) + 1}`);
    mkdirSync(folder);
    return new Workshop(folder, await provideEmptyRepository(dataFolder));
  }

  get emptyRepository(): string {
    return this.#empty.emptyRepository;
  }

  get passwordFile(): string {
    return this.#empty.passwordFile;
  }

  /** One round in a new folder of its own, whose files are empty afterwards. */
  async withPlace<T>(app: string, label: string, work: (place: Place) => Promise<T>): Promise<T> {
    const place = this.#openPlace(app, label);
    try {
      return await work(place);
    } finally {
      emptyFiles(place.round);
    }
  }

  #openPlace(app: string, label: string): Place {
    this.#rounds += 1;
    const round = join(this.folder, `${this.#rounds}-${label}`);
    const home = join(round, 'home');
    mkdirSync(home, { recursive: true });
    return { ...this.#empty, app, round, home, repository: join(round, 'repository'), serial: 0 };
  }
}

const workFolder = (dataFolder: string) => join(dataFolder, 'work');

function emptyFiles(folder: string): void {
  for (const path of filesBelow(folder)) {
    chmodSync(path, 0o600); // restic makes its files read-only
    truncateSync(path);
  }
}

export function removeWork(dataFolder: string): void {
  rmSync(workFolder(dataFolder), { recursive: true, force: true });
}

/**
 * restic makes it once and it is kept: every round of restic and of Keepsake starts from a copy, so
 * that both open the same key file.
 */
async function provideEmptyRepository(dataFolder: string) {
  const emptyRepository = join(dataFolder, 'empty-repository');
  const passwordFile = join(dataFolder, 'password');
  writeFileSync(passwordFile, 'correct horse battery staple\n', { mode: 0o600 });
  if (!existsSync(join(emptyRepository, 'config'))) {
    rmSync(emptyRepository, { recursive: true, force: true });
    await measure(initCommand(emptyRepository, passwordFile));
  }
  return { emptyRepository, passwordFile };
}

/** Throws with what to do when the disk cannot hold what a part writes. */
export function assertFreeSpace(dataFolder: string, neededBytes: number, part: string): void {
  mkdirSync(dataFolder, { recursive: true });
  const { bavail, bsize } = statfsSync(dataFolder);
  if (bavail * bsize >= neededBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new Error(
    `${part} needs ${gigabytes(neededBytes)} in ${dataFolder}, ${gigabytes(bavail * bsize)} are free. ` +
      'Remove the work folders of earlier runs: npm run bench -- --clean',
  );
}
