/** What shell completion needs to know of the program, read from its own definitions. */
import type { Argument, Command, Option } from 'commander';

export type ValueKind = 'none' | 'file' | 'other';

export interface FlagSpec {
  /** `-r`, absent for most. */
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** What follows it. */
  readonly value: ValueKind;
}

export interface CommandSpec {
  /** `['key', 'add']`; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  /** Own ones; those of the program go with every command. */
  readonly flags: readonly FlagSpec[];
  readonly subcommands: readonly CommandSpec[];
  /** Words its argument may be. */
  readonly choices: readonly string[];
  /** Whether an argument may be a path. */
  readonly takesPaths: boolean;
}

const PATH_PLACEHOLDERS = /<(file|folder|location)>/;
const PATH_ARGUMENTS = ['path'];

export function describeProgram(program: Command): CommandSpec {
  return describeCommand(program, []);
}

/** The command and all below it, parents first. */
export function* allCommands(spec: CommandSpec): Generator<CommandSpec> {
  yield spec;
  for (const sub of spec.subcommands) yield* allCommands(sub);
}

function describeCommand(command: Command, path: readonly string[]): CommandSpec {
  const help: FlagSpec = { short: '-h', long: '--help', description: 'show help', value: 'none' };
  return {
    path,
    description: command.description(),
    flags: [...command.options.flatMap(describeFlag), help],
    subcommands: command.commands.map((sub) => describeCommand(sub, [...path, sub.name()])),
    choices: command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
    takesPaths: command.registeredArguments.some((argument) =>
      PATH_ARGUMENTS.includes(argument.name()),
    ),
  };
}

function describeFlag({ short, long, description, flags, required, optional }: Option): FlagSpec[] {
  if (long === undefined) return [];
  const value = !required && !optional ? 'none' : PATH_PLACEHOLDERS.test(flags) ? 'file' : 'other';
  return [{ short, long, description, value }];
}

/** `-r` and `--repo`. */
export function namesOf({ short, long }: FlagSpec): string[] {
  return short === undefined ? [long] : [short, long];
}

/** For single quotes of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
