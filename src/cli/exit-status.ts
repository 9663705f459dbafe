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

/** The EXIT STATUS section of a command's help. */
export function exitStatusHelp(
  options: { repository?: boolean; also?: readonly ExitCode[] } = {},
): string {
  const codes = [
    ...ALWAYS,
    ...(options.also ?? []),
    ...(options.repository === false ? [] : WITH_REPOSITORY),
  ];
  const lines = [...new Set(codes)]
    .sort((a, b) => a - b)
    .map((code) => `  ${String(code).padStart(3)}  ${MEANINGS[code]}`);
  return `\nExit status:\n${lines.join('\n')}\n`;
}
