/** A script for fish: one line for each command and flag. */
import { allCommands, type CommandSpec, type FlagSpec } from './command-tree.ts';

export function fishCompletion(program: CommandSpec): string {
  const lines = [...allCommands(program)].flatMap((command) => [
    ...command.subcommands.map((sub) => subcommandLine(command, sub)),
    ...command.choices.map((choice) => line(whenChosen(command), `-a ${quote(choice)}`)),
    ...(command.takesPaths ? [line(whenChosen(command), '-F')] : []),
    ...command.flags.map((flag) => flagLine(command, flag)),
  ]);
  return `# fish completion for keepsake; to use it: keepsake completion fish | source
complete -c keepsake -f
${lines.join('\n')}
`;
}

function line(condition: string, rest: string): string {
  return `complete -c keepsake ${condition === '' ? '' : `-n ${quote(condition)} `}${rest}`;
}

function subcommandLine(parent: CommandSpec, sub: CommandSpec): string {
  const siblings = parent.subcommands.map(({ path }) => path.at(-1)).join(' ');
  const condition =
    parent.path.length === 0
      ? '__fish_use_subcommand'
      : `${whenChosen(parent)}; and not __fish_seen_subcommand_from ${siblings}`;
  return line(condition, `-a ${sub.path.at(-1)} -d ${quote(sub.description)}`);
}

/** Flags of the program go with every command. */
function flagLine(command: CommandSpec, { short, long, description, value }: FlagSpec): string {
  const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const takes = value === 'none' ? '' : value === 'file' ? ' -r -F' : ' -x';
  return line(whenChosen(command), `${names}${takes} -d ${quote(description)}`);
}

function whenChosen({ path }: CommandSpec): string {
  return path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
}

/** In fish's single quotes a backslash escapes itself and the quote. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
