/** Folders for a capture, and the capture with what every test would say. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import {
  captureDatabase,
  type CapturedDatabase,
  type CaptureOptions,
} from '../../src/sqlite/capture.ts';
import type { Gate } from '../../src/sqlite/gate.ts';
import { tempFolder, type TempFolder } from './temp-folder.ts';

export class CaptureLab implements AsyncDisposable {
  readonly folder: string;
  readonly source: string;
  readonly #dir: TempFolder;
  readonly #gate: Gate | undefined;

  constructor(dir: TempFolder, gate: Gate | undefined) {
    this.#dir = dir;
    this.#gate = gate;
    this.folder = dir.path;
    this.source = dir.join('source');
    for (const folder of [this.source, this.scratch]) mkdirSync(folder);
  }

  get scratch(): string {
    return this.#dir.join('scratch');
  }

  /** A path in the source folder. */
  path(name = 'app.db'): string {
    return this.#dir.join('source', name);
  }

  outside(name: string): string {
    return this.#dir.join(name);
  }

  /** What failed and finished captures left; nothing, if all is well. */
  leftovers(): string[] {
    return readdirSync(this.scratch);
  }

  capture(options: Partial<CaptureOptions> = {}): Promise<CapturedDatabase> {
    return captureDatabase({
      path: this.path(),
      scratchFolder: this.scratch,
      configured: true,
      clock: systemClock,
      gate: this.#gate,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** Captures share `gate`, if given, which saves its start. */
export async function openLab(gate?: Gate): Promise<CaptureLab> {
  return new CaptureLab(await tempFolder(), gate);
}

/** For a table t(a, b). */
export const FORTY_ROWS = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
  INSERT INTO t SELECT i, zeroblob(900) FROM n`;

/** Of pages of 4096 bytes. */
export function damagePage(path: string, pageNumber: number, fromByte = 0): void {
  const bytes = readFileSync(path);
  bytes.fill(0xaa, (pageNumber - 1) * 4096 + fromByte, pageNumber * 4096);
  writeFileSync(path, bytes);
}
