/** The command line: argv in, exit code out. Commands are loaded when they are called. */
import { Command, CommanderError, Help, type Option } from 'commander';
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { CliHost } from './cli-host.ts';
import { CommandContext } from './command-context.ts';
import { commandTable } from './command-table.ts';
import { allExitStatusHelp } from './exit-status.ts';
import { addGlobalOptions, type GlobalOptions } from './global-options.ts';
import { Output } from './output.ts';
import type { RunEnd } from './record-run.ts';
import { renderError } from './render-error.ts';

export type Action = (context: CommandContext, command: Command) => Promise<ExitCode>;

/** Never throws: what fails is said, and becomes the exit code. */
export async function runCli(host: CliHost): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  const program = buildProgram(host, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...host.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return ExitCode.ok;
    return usageError(host, meantCommand(program, host.argv), error);
  }
}

function buildProgram(host: CliHost, done: (code: ExitCode) => void): Command {
  const program = new Command('keepsake')
    .description('Backup, restore and proof for apps with a SQLite database and uploads.')
    .version(`keepsake ${host.workbench.keepsakeVersion}`, '--version', 'print the version')
    .helpCommand('help [command]', 'the help of a command')
    .configureHelp({ optionDescription })
    .addHelpText('after', allExitStatusHelp())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: () => {}, // usageError says it, in Keepsake's words
    });
  addGlobalOptions(program);
  for (const define of commandTable) {
    define(program, async (command, run) => {
      done(await runAction(host, command, run));
    });
  }
  return program;
}

async function runAction(host: CliHost, command: Command, run: Action): Promise<ExitCode> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = new Output({
    stdout: host.stdout,
    stderr: host.stderr,
    json: options.json === true,
    verbosity: options.quiet === true ? -1 : (options.verbose ?? 0),
    color:
      options.color && host.stdout.isTTY === true && host.environment['NO_COLOR'] === undefined,
    clock: host.workbench.clock,
  });
  const context = new CommandContext(host, options, output);
  try {
    const code = await run(context, command);
    await record(context, { code });
    return await flush(output, code);
  } catch (error) {
    // Whatever an abort made fail, the person cancelled: that is the reason to tell.
    const reason: unknown = host.signal.aborted ? host.signal.reason : error;
    await record(context, { error: reason });
    // The reader of a pipe ended, as `| head` does: it has what it wanted.
    if (isKeepsakeError(error, 'CLI_OUTPUT_CLOSED')) return error.exitCode;
    return renderError(output, reason, options.debug === true);
  } finally {
    output.close();
  }
}

/** Once: what fails after it is no more the run's affair. */
async function record(context: CommandContext, end: RunEnd): Promise<void> {
  const { run } = context;
  if (run === undefined) return;
  context.run = undefined;
  const { recordNote } = await import('./record-run.ts');
  await recordNote(context, run, end);
}

/** A result nobody could read is a failure, whatever the command did. */
async function flush(output: Output, code: ExitCode): Promise<ExitCode> {
  try {
    await output.flushed();
    return code;
  } catch (error) {
    if (isKeepsakeError(error, 'CLI_OUTPUT_CLOSED')) return code;
    throw error;
  }
}

/** An empty list of what may be given more than once is no default worth telling. */
function optionDescription(option: Option): string {
  return new Help().optionDescription(option).replace(/ ?\(default: \[\]\)$/, '');
}

/** As far as the words name one. */
function meantCommand(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) {
    command = command.commands.find((one) => one.name() === word) ?? command;
  }
  return command;
}

function usageError(host: CliHost, command: Command, error: CommanderError): ExitCode {
  const { stdout, stderr, workbench } = host;
  const json = host.argv.includes('--json');
  const [first, second] = host.argv;
  const isUnknown = first === 'help' && second !== undefined;
  const isHelp = error.code === 'commander.help';
  if (isHelp && !isUnknown && !json) stderr.write(`${command.helpInformation()}\n`);
  const problem = isHelp
    ? isUnknown
      ? `unknown command '${second}'`
      : 'no command is given'
    : error.message
        .replace(/^error: /, '')
        .replace(/\n\(Did you mean (.*)\?\)$/s, ' (did you mean $1?)')
        .replace(/\.$/, '');
  const { clock } = workbench;
  const output = new Output({ stdout, stderr, json, verbosity: 0, color: false, clock });
  const name = fullName(command);
  return renderError(output, new KeepsakeError('CLI_USAGE', { problem, command: name }), false);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
