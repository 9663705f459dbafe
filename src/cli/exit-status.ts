import { ExitCode } from '../base/exit-code.ts';

const MEANINGS: Record<ExitCode, string> = {
  [ExitCode.ok]: 'all went well',
  [ExitCode.failed]: 'failed',
  [ExitCode.usage]: 'wrong flags or configuration',
  [ExitCode.partial]: 'done in part: something could not be read or written, and was named',
  [ExitCode.noRepository]: 'there is no repository there',
  [ExitCode.locked]: 'the repository is locked by another process',
  [ExitCode.wrongPassword]: 'the password opens no key',
  [ExitCode.damage]: 'the repository is damaged',
  [ExitCode.verification]: 'the verification failed',
  [ExitCode.unreachable]: 'the storage cannot be reached',
  [ExitCode.cancelled]: 'cancelled (Ctrl-C)',
};

const ALWAYS = [ExitCode.ok, ExitCode.failed, ExitCode.usage];
const WITH_REPOSITORY = [
  ExitCode.noRepository,
  ExitCode.locked,
  ExitCode.wrongPassword,
  ExitCode.damage,
  ExitCode.unreachable,
  ExitCode.cancelled,
];

/** The end of a command's help: where the options of all commands are, and its exit codes. */
export function exitStatusHelp(
  options: { repository?: boolean; locks?: boolean; also?: readonly ExitCode[] } = {},
): string {
  const codes = [
    ...ALWAYS,
    ...(options.also ?? []),
    ...(options.repository === false ? [] : WITH_REPOSITORY),
  ].filter((code) => code !== ExitCode.locked || options.locks !== false);
  return `\nOptions of all commands (--repo, --json, --quiet …): keepsake --help\n${section(codes)}`;
}

/** The end of the program's own help. */
export function allExitStatusHelp(): string {
  return `\nEach command takes these options, too.\n${section(Object.values(ExitCode))}`;
}

function section(codes: readonly ExitCode[]): string {
  const lines = [...new Set(codes)]
    .sort((a, b) => a - b)
    .map((code) => `  ${String(code).padStart(3)}  ${MEANINGS[code]}`);
  return `\nExit status:\n${lines.join('\n')}\n`;
}
