import { vi } from 'vitest';

/** Throws if the process still is there after a second. */
export async function untilGone(pid: number | undefined): Promise<void> {
  await vi.waitFor(() => {
    try {
      process.kill(pid ?? NaN, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    throw new Error(`process ${pid} is still there`);
  });
}
