/** The page for the drawer, as plain text of two printed pages at most. */
import { dirname } from 'node:path';
import { formatBytes } from '../base/bytes.ts';
import { quoteAll, quoteForShell } from '../base/shell-quote.ts';
import type { PasswordSetting } from '../config/repository-settings.ts';
import type { RecoveryStep, RecoverySubject } from '../operations/recovery/recovery-commands.ts';
import type { RecoveryFacts } from '../operations/recovery/recovery-facts.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { localTime } from '../base/local-time.ts';
import { showName } from './output.ts';
import { count } from './phrases.ts';

export interface RecoverySheet {
  readonly subject: RecoverySubject;
  readonly facts: RecoveryFacts;
  readonly steps: readonly RecoveryStep[];
  readonly configFile: string;
  /** Where this machine has it; absent: it was typed. */
  readonly passwordSetting: PasswordSetting | undefined;
  /** Only when it is to stand on the sheet. */
  readonly password: string | undefined;
  readonly printedAt: string;
}

const INDENT = ' '.repeat(14);
const PAGE_WIDTH = 88;

export function recoverySheetText(sheet: RecoverySheet): string {
  const { subject, printedAt } = sheet;
  const lines = [
    `RECOVERY SHEET: ${subject.app.name} on ${subject.hostname}, printed ${localTime(printedAt)}`,
    'Keep it on paper, away from that machine. Print it again when anything of it changes.',
    '',
    ...aboutLines(sheet),
    '',
    ...keepsakeLines(sheet),
    '',
    ...resticLines(sheet),
  ];
  return `${lines.join('\n')}\n`;
}

function aboutLines({ subject, facts, configFile, ...sheet }: RecoverySheet): string[] {
  const { app, location } = subject;
  const keys = facts.keys.map(({ name, key }) => {
    const inUse = name === facts.keyId ? ', used for this sheet' : '';
    return `${name.slice(0, 8)} (${showName(`${key?.username}@${key?.hostname}`)}${inUse})`;
  });
  return [
    fact('Repository', showName(location)),
    fact('Password', passwordText(sheet)),
    `${INDENT}a second copy of it is kept at: ______________________________`,
    `${INDENT}to write it where it is missing (then type it, Enter, Ctrl-D):`,
    `${INDENT}  ${writingOf(subject.passwordFile)}`,
    ...wrapped(`opened by ${keys.join(', ')}`, INDENT),
    fact('App', `${showName(app.root)}, settings of Keepsake in ${showName(configFile)}`),
    fact('Snapshot', snapshotText(facts.latestComplete)),
    ...(facts.latestComplete === undefined ? [] : [`${INDENT}${facts.latestComplete.id}`]),
    ...(facts.damagedCount === 0
      ? []
      : [`${INDENT}DAMAGED: ${count(facts.damagedCount, 'snapshot file')}, see keepsake check`]),
  ];
}

/** What is typed ends up in the file and nowhere else. */
function writingOf(file: string): string {
  const folder = quoteForShell(dirname(file));
  return `mkdir -p ${folder}; (umask 077; cat > ${quoteForShell(file)})`;
}

function fact(name: string, text: string): string {
  return `${name.padEnd(INDENT.length - 1)} ${text}`;
}

function passwordText({
  password,
  passwordSetting: setting,
}: Pick<RecoverySheet, 'password' | 'passwordSetting'>): string {
  if (password !== undefined) return showName(password);
  const absent = 'not on this sheet';
  if (setting === undefined) return `${absent}; it is typed when Keepsake asks for it`;
  if (setting.kind === 'file') return `${absent}; in the file ${showName(setting.path)}`;
  if (setting.kind === 'value') return `${absent}; in the variable ${setting.origin}`;
  return `${absent}; printed by: ${quoteAll(setting.argv)}`;
}

function snapshotText(stored: StoredSnapshot | undefined): string {
  if (stored === undefined) return 'there is no complete one yet: run keepsake backup';
  const { time, summary } = stored.snapshot;
  const size = formatBytes(summary?.totalBytesProcessed ?? 0);
  return `latest complete: ${stored.id.slice(0, 8)} of ${localTime(time)}, ${size} to restore`;
}

function keepsakeLines({ subject, configFile }: RecoverySheet): string[] {
  const { app, hostname, location, passwordFile } = subject;
  const choice = `--app ${quoteForShell(app.name)} --host ${quoteForShell(hostname)}`;
  const keepsake = `keepsake -c ${quoteForShell(configFile)}`;
  return [
    'WITH KEEPSAKE (as root)',
    '',
    `  export KEEPSAKE_REPOSITORY=${quoteForShell(location)}`,
    `  export KEEPSAKE_PASSWORD_FILE=${quoteForShell(passwordFile)}`,
    `  keepsake snapshots ${choice}`,
    '',
    '  # In place: shows what it will do and asks; stops and starts the app, keeps the old files',
    `  ${keepsake} restore latest ${choice}`,
    '  # Takes that back',
    `  ${keepsake} rollback`,
    '',
    '  # On an empty machine: plan, question, then users, files, unit and settings come back',
    `  keepsake rebuild ${choice}`,
    '  # Or by hand, in place of the line "restic restore" below',
    `  keepsake restore latest ${choice} --target "$TARGET" --verify`,
  ];
}

function resticLines({ subject, facts, steps }: RecoverySheet): string[] {
  const { app } = subject;
  const left = app.exclude.map(showName).join(', ');
  return [
    'WITH STOCK RESTIC, 0.14 or later (Debian: apt install restic), as root',
    '',
    '  Line by line, in one shell; when a line fails, stop and read. Nothing is deleted.',
    '  A folder that is a mount point cannot be moved ("busy"): move what is in it instead.',
    '  "latest" may be a partial one: tags partial, damaged, unverified, restore-point and',
    '  database-only say so in the list. Then, or when in doubt, restore by the id above.',
    ...resticLatest(facts),
    ...(left === ''
      ? []
      : wrapped(`Not in a backup (build it, or see $TARGET.old): ${left}`, '  ')),
    ...steps.flatMap(({ title, lines }, at) => [
      '',
      ...wrapped(`${at + 1}. ${showName(title)}`, '  # '),
      ...lines.map((line) => `  ${line}`),
    ]),
    '',
    '  Done and well? Then remove $TARGET and $TARGET.old.',
  ];
}

function resticLatest({ latestOfRestic }: RecoveryFacts): string[] {
  if (latestOfRestic === undefined) return [];
  const { id, snapshot } = latestOfRestic;
  const tags = (snapshot.tags ?? []).join(', ');
  return [`  NOW restic's latest is ${id.slice(0, 8)}, which is NOT complete (${showName(tags)}).`];
}

/** Words that are long stay whole. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && indent.length + longer.length <= PAGE_WIDTH)
      lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines.map((line) => indent + line);
}
