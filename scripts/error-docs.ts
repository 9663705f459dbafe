/** docs/errors.md, written from the catalogue of errors. */
import { errorCatalogue } from '../src/base/errors/catalogue.ts';
import type { ErrorEntry } from '../src/base/errors/define-errors.ts';
import { ExitCode } from '../src/base/exit-code.ts';

const exitNames: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: 'all went well',
  failed: 'it failed',
  usage: 'wrong usage or configuration; nothing was done',
  partial: 'a backup was made, but something could not be read',
  noRepository: 'there is no repository at that place',
  locked: 'somebody else holds the lock',
  wrongPassword: 'no key of the repository fits the password',
  damage: 'damage was found in the repository',
  verification: 'a verification or a drill failed',
  unreachable: 'the storage could not be reached',
  cancelled: 'it was cancelled',
};

export function renderErrorDocs(catalogue: object = errorCatalogue): string {
  const entries = Object.entries(catalogue) as [string, ErrorEntry<object>][];
  const sections = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, definition]) => renderEntry(code, definition));
  return `# Errors

Written by \`npm run docs\` from \`src/base/errors/\`; not edited by hand.

Every error has a code that never changes, a sentence that says what failed, and a hint that says in
what state the data is and what to do next. With \`--json\` it is one object on stdout with
\`message_type\` \`exit_error\`. The texts below are shown with example values.

## Exit codes

| exit code | meaning |
| --- | --- |
${Object.entries(exitNames)
  .map(([name, meaning]) => `| ${ExitCode[name as keyof typeof ExitCode]} | ${meaning} |`)
  .join('\n')}

## Codes

${sections.join('\n\n')}
`;
}

function renderEntry(code: string, { exit, retry, message, hint, example }: ErrorEntry<object>) {
  const advice = hint(example);
  const later = retry === 'later' ? ' · worth trying again' : '';
  const lines = [`### ${code}`, `Exit code ${exit}${later}.`, quote(message(example))];
  if (advice !== '') lines.push(advice);
  return lines.join('\n\n');
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
