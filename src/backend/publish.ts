/** Gives a finished file its name without ever replacing another. */
import { systemCode } from './file-errors.ts';
import type { FileLayer } from './file-layer.ts';
import { removeQuietly } from './whole-file.ts';

/** FAT and exFAT (EPERM), SMB and FUSE mounts (the others); EMLINK: this file has too many names. */
const NO_HARD_LINKS = ['EPERM', 'EACCES', 'EMLINK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'];

export class Publisher {
  readonly #layer: FileLayer;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(layer: FileLayer) {
    this.#layer = layer;
  }

  /** `temporary` becomes `target` and is gone. Throws `EEXIST` if the name is taken. */
  async publish(temporary: string, target: string): Promise<void> {
    try {
      await this.#layer.link(temporary, target);
    } catch (error) {
      if (!NO_HARD_LINKS.includes(systemCode(error))) throw error;
      await this.#renameInTurn(temporary, target);
      return;
    }
    await removeQuietly(this.#layer, temporary);
  }

  /** Looks, then renames; within this process one after the other for each name. */
  async #renameInTurn(temporary: string, target: string): Promise<void> {
    const before = this.#underWay.get(target) ?? Promise.resolve();
    const turn = before.then(() => this.#renameUnlessTaken(temporary, target));
    const settled = turn.catch(() => {}); // thrown below, to the caller it belongs to
    this.#underWay.set(target, settled);
    try {
      await turn;
    } finally {
      if (this.#underWay.get(target) === settled) this.#underWay.delete(target);
    }
  }

  async #renameUnlessTaken(temporary: string, target: string): Promise<void> {
    if (await exists(this.#layer, target)) {
      throw Object.assign(new Error(`EEXIST: ${target} is taken`), { code: 'EEXIST' });
    }
    await this.#layer.rename(temporary, target);
  }
}

async function exists(layer: FileLayer, path: string): Promise<boolean> {
  try {
    await layer.stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
