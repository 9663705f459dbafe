/** What a result depends on: machine, file system, versions, key parameters. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../test/support/run-program.ts';
import type { Tool } from './tools.ts';

export async function describeMachine(
  dataFolder: string,
  emptyRepository: string,
  tools: readonly Tool[],
): Promise<string[]> {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const fileSystem = await firstLine(['findmnt', '-no', 'FSTYPE', '-T', dataFolder]);
  const versions: string[] = [];
  for (const { version } of tools) versions.push(await firstLine(version));
  return [
    `- machine: ${cpus().length} × ${model}, ${memory}, Linux ${release()}, ${fileSystem}`,
    `- programs: Node ${process.versions.node}; ${versions.join('; ')}; sqlite3 ${await firstLine(['sqlite3', '--version'])}`,
    `- key file of restic and Keepsake alike: ${describeKey(emptyRepository)}`,
  ];
}

function describeKey(repository: string): string {
  const folder = join(repository, 'keys');
  const [name = ''] = readdirSync(folder);
  const { kdf, N, r, p } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    kdf: string;
    N: number;
    r: number;
    p: number;
  };
  return `${kdf} N=${N} r=${r} p=${p}`;
}

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout } = await runProgram(argv).catch(() => ({ stdout: '' }));
  return stdout.split('\n')[0]?.trim() || `${argv.join(' ')} (no answer)`;
}
