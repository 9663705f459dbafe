import type { InPlaceEvent, InPlaceResult } from '../../src/operations/in-place/in-place-input.ts';
import { labGate } from './backup-lab.ts';

/** Of a change in this process; when it dies, so does its gate. */
export async function changeResult(
  events: AsyncGenerator<InPlaceEvent, InPlaceResult>,
): Promise<InPlaceResult> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
    }
  } catch (error) {
    await labGate.kill(error); // as the gate of a process that died
    throw error;
  }
}
