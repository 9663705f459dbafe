import { lstat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { utf8Encode } from '../../base/bytes.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { Settings } from '../../config/environment.ts';
import { errnoCode } from '../../host/system-call-error.ts';
import { askYes } from '../ask-yes.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { configuredApp } from '../configured-app.ts';
import { exitStatusHelp } from '../exit-status.ts';
import type { RecoverySheet } from '../render-recovery-sheet.ts';
import { sheetPasswordFile } from '../sheet-password-file.ts';
import { readingInput } from '../snapshot-flags.ts';

interface SheetFlags {
  readonly app?: string;
  readonly output?: string;
  readonly withPassword?: boolean;
}

const COMMAND = 'keepsake recovery-sheet';

export const defineRecoverySheet: DefineCommand = (program, run) => {
  program
    .command('recovery-sheet')
    .description('the page for the drawer: how to get the app back, with Keepsake or stock restic')
    .option('--app <name>', 'the app, when the config has several')
    .option('-o, --output <file>', 'write it to this file, readable by its owner only')
    .option(
      '--with-password',
      'with the password and environment values on it; into --output, or on a terminal',
    )
    .addHelpText('after', exitStatusHelp({}))
    .action((flags: SheetFlags, self) => run(self, (context) => recoverySheet(context, flags)));
};

async function recoverySheet(context: CommandContext, flags: SheetFlags): Promise<ExitCode> {
  const { recoverySheetText } = await import('../render-recovery-sheet.ts');
  const target = flags.output === undefined ? undefined : context.path(flags.output);
  if (flags.withPassword === true) await assertPrivate(context, target);
  const sheet = await makeSheet(context, flags);
  const text = recoverySheetText(sheet);
  if (target === undefined) {
    if (!context.output.json) context.output.raw(text);
  } else {
    const { writeDump } = await import('../dump-target.ts');
    await writeDump(target, oneChunk(text), context.host.workbench);
    context.output.say(`the recovery sheet is in ${target}. Print it, and put it in a drawer`);
  }
  context.output.emit(await sheetMessage(sheet, target));
  return ExitCode.ok;
}

async function makeSheet(context: CommandContext, flags: SheetFlags): Promise<RecoverySheet> {
  const { readRecoveryFacts } = await import('../../operations/recovery/recovery-facts.ts');
  const { recoveryCommands } = await import('../../operations/recovery/recovery-commands.ts');
  const need = 'to say how an app comes back, it must be known';
  const app = await configuredApp(context, flags.app, { command: COMMAND, need });
  const settings = await context.settings();
  const host = settings.host ?? hostname();
  const { workbench, reading } = await readingInput(context);
  const facts = await readRecoveryFacts(workbench, { ...reading, app: app.name, hostname: host });
  const { location, password } = reading.repository;
  const passwordSetting = withWholePath(context, settings.password);
  const subject = {
    app,
    hostname: host,
    location,
    passwordFile: sheetPasswordFile(context, settings.password),
    showsEnvironment: flags.withPassword === true,
  };
  return {
    subject,
    facts,
    steps: recoveryCommands(subject),
    configFile: (await context.config())?.fileName ?? '',
    passwordSetting,
    password: flags.withPassword === true ? password : undefined,
    printedAt: workbench.clock.now().toISOString(),
  };
}

function withWholePath(
  context: CommandContext,
  setting: Settings['password'],
): Settings['password'] {
  return setting?.kind === 'file' ? { ...setting, path: context.path(setting.path) } : setting;
}

/** Into a file of its own, or on a screen to somebody who said yes: nowhere else. */
async function assertPrivate(context: CommandContext, target: string | undefined): Promise<void> {
  const where = '--with-password writes into a file of its own (--output FILE) or on a terminal';
  if (target !== undefined) {
    if (await isFileOrAbsent(target)) return;
    throw usage(`${where}, and ${target} is no file`);
  }
  if (context.output.json || !context.output.isTerminal) throw usage(where);
  const answer = await askYes(context.host, 'Show the password on this screen? [y/N] ');
  if (answer === undefined) throw usage(where);
  if (!answer) throw new KeepsakeError('CANCELLED', { reason: 'the answer was no' });
}

async function isFileOrAbsent(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    return errnoCode(error) === 'ENOENT'; // anything else is told when it is written
  }
}

function usage(problem: string): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', { problem, command: COMMAND });
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield utf8Encode(text);
}

/** Never with the password, nor what else is secret. */
async function sheetMessage(
  { subject, facts }: RecoverySheet,
  file: string | undefined,
): Promise<object> {
  const { recoveryCommands } = await import('../../operations/recovery/recovery-commands.ts');
  return {
    message_type: 'recovery_sheet',
    ...(file !== undefined && { file }),
    app: subject.app.name,
    hostname: subject.hostname,
    repository: subject.location,
    keys: facts.keys.map(({ name }) => name),
    snapshot_id: facts.latestComplete?.id,
    restic_latest_id: (facts.latestOfRestic ?? facts.latestComplete)?.id,
    steps: recoveryCommands({ ...subject, showsEnvironment: false }),
  };
}
