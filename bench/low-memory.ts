/** Which commands take `--low-memory`: found in their help, so that any build can be measured. */
import { runKeepsake } from '../test/support/keepsake.ts';
import type { Act } from './round.ts';

const FLAG = '--low-memory';
const commands = ['backup', 'restore', 'check'] as const;

export type MeasuredCommand = (typeof commands)[number];

export async function findLowMemoryCommands(): Promise<ReadonlySet<MeasuredCommand>> {
  if (await helpNames([])) return new Set(commands);
  const found = new Set<MeasuredCommand>();
  for (const command of commands) if (await helpNames([command])) found.add(command);
  return found;
}

async function helpNames(command: readonly string[]): Promise<boolean> {
  const { stdout } = await runKeepsake([...command, '--help']);
  return stdout.includes(FLAG);
}

/** Of `acts`, those whose command takes the flag; none if the backup does not. */
export function actsWithLowMemory(
  acts: readonly Act[],
  known: ReadonlySet<MeasuredCommand>,
): Act[] {
  return known.has('backup') ? acts.filter((act) => known.has(commandOf(act))) : [];
}

function commandOf(act: Act): MeasuredCommand {
  if (act === 'restore') return 'restore';
  return act === 'check --read-data' ? 'check' : 'backup';
}
