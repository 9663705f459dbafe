/** A file system of some size; only root may mount it. */
import { mkdirSync } from 'node:fs';
import { runProgramOk } from './run-program.ts';

export interface SmallDisk extends AsyncDisposable {
  /** As `mount` takes it: `14m`. */
  resize(size: string): Promise<void>;
}

/** A disk of that size at `folder`, gone when disposed. */
export async function smallDisk(folder: string, size: string): Promise<SmallDisk> {
  mkdirSync(folder, { recursive: true });
  await runProgramOk(['mount', '-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]);
  return {
    async resize(newSize) {
      await runProgramOk(['mount', '-o', `remount,size=${newSize}`, folder]);
    },
    async [Symbol.asyncDispose]() {
      await runProgramOk(['umount', '--lazy', folder]);
    },
  };
}
