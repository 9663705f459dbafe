/** What the plans of a restore in place, a guard and a rebuild have alike. */
import { formatBytes } from '../base/bytes.ts';
import type { PlannedPlace, PlanNote } from '../operations/in-place/in-place-input.ts';
import { showName, type Output } from './output.ts';

export function printNotes(output: Output, notes: readonly PlanNote[]): void {
  for (const { kind, message } of notes) {
    const line = `${kind}: ${showName(message)}`;
    output.print(kind === 'warning' ? output.style('yellow', line) : line);
  }
}

/** `whose`: "for" or "in" which path the room is. */
export function spaceLine({ neededBytes, freeBytes }: PlannedPlace, whose: string): string {
  return `space     ${formatBytes(neededBytes)} needed, ${formatBytes(freeBytes)} free ${whose}`;
}

export function placeMessage({ path, neededBytes, freeBytes }: PlannedPlace): object {
  return { path, needed_bytes: neededBytes, free_bytes: freeBytes };
}
