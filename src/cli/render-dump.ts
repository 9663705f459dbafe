import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Dump } from '../operations/dump.ts';
import { writeDump, type DumpWriter } from './dump-target.ts';
import type { Output } from './output.ts';

export interface DumpPlace {
  /** A file; absent: standard output. */
  readonly target: string | undefined;
  readonly writer: DumpWriter;
  readonly signal: AbortSignal;
}

export async function renderDump(
  output: Output,
  { kind, bytes }: Dump,
  { target, writer, signal }: DumpPlace,
): Promise<void> {
  if (target !== undefined) {
    await writeDump(target, bytes, writer);
    return;
  }
  if (kind === 'tar' && output.isTerminal) {
    const problem = 'a tar archive is not for a terminal: write it to a file with --target FILE';
    throw new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake dump' });
  }
  for await (const chunk of bytes) {
    output.raw(chunk);
    await output.drained({ signal });
  }
}
