/** Tells a process from another one that got its number later. */
import { readFileSync } from 'node:fs';

/** `undefined` when there is no such process, or no `/proc` to ask. */
export function processIdentity(pid: number): string | undefined {
  try {
    // pid (name) state …, the 22nd field is when it started; the name may hold anything, a ) included.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}:${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}
