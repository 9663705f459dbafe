import { Option, type Command } from 'commander';

/** Flags that every command takes, as commander gives them. */
export interface GlobalOptions {
  readonly config?: string;
  readonly repo?: string;
  readonly repositoryFile?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  readonly keyHint?: string;
  readonly cacheDir?: string;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  /** False with `--no-lock`. */
  readonly lock: boolean;
  readonly lockWait?: string;
  readonly lowMemory?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly debug?: boolean;
}

export function addGlobalOptions(program: Command): void {
  program
    .option(
      '-c, --config <file>',
      'configuration; default ./keepsake.yaml, /etc/keepsake/keepsake.yaml',
    )
    .option('-r, --repo <location>', 'the repository: a folder')
    .option('--repository-file <file>', 'file that names the repository')
    .option('--password-file <file>', 'file that holds the password')
    .option('--password-command <command>', 'command that prints the password (no shell)')
    .option('--key-hint <id>', 'key to try first')
    .option('--cache-dir <folder>', 'folder of the local cache')
    .option('--no-cache', 'use no local cache')
    .option('--no-lock', 'take no lock, for reading a repository that cannot be written')
    .option(
      '--lock-wait <duration>',
      'how long to wait for another process’s lock (default: 1 min)',
    )
    .option('--low-memory', 'take less memory and more time: one thread, packs of 4 MiB')
    .option('--json', 'one JSON object a line')
    .option('-q, --quiet', 'say only what matters')
    .addOption(
      new Option('-v, --verbose', 'say more; twice: everything').argParser(
        (_: string, previous: number | undefined) => (previous ?? 0) + 1,
      ),
    )
    .option('--no-color', 'plain text')
    .option('--debug', 'show where an error comes from');
}
