/** A script for zsh: a function for each command, made of `_arguments`. */
import { allCommands, namesOf, quote, type CommandSpec, type FlagSpec } from './command-tree.ts';

export function zshCompletion(program: CommandSpec): string {
  const functions = [...allCommands(program)].map((command) => commandFunction(program, command));
  return `#compdef keepsake
# zsh completion for keepsake; to use it: source <(keepsake completion zsh)
${functions.join('\n')}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _keepsake "$@"
else
  compdef _keepsake keepsake
fi
`;
}

function functionName({ path }: CommandSpec): string {
  return ['_keepsake', ...path].join('_');
}

function commandFunction(program: CommandSpec, command: CommandSpec): string {
  const own = command.path.length === 0 ? [] : program.flags;
  const flags = [...new Map([...command.flags, ...own].map((flag) => [flag.long, flag])).values()];
  const specs = flags.map(flagSpec);
  const body =
    command.subcommands.length > 0
      ? subcommandBody(command, specs)
      : `  _arguments -s \\\n${[...specs, ...argumentSpecs(command)].map((spec) => `    ${spec}`).join(' \\\n')}`;
  return `${functionName(command)}() {\n${body}\n}`;
}

function subcommandBody(command: CommandSpec, specs: readonly string[]): string {
  const described = command.subcommands.map(({ path, description }) =>
    quote(`${path.at(-1)}:${description}`),
  );
  const cases = command.subcommands.map(
    (sub) => `        ${sub.path.at(-1)}) ${functionName(sub)} ;;`,
  );
  const lines = [...specs, quote('1:command:->command'), quote('*::argument:->argument')];
  return `  local context state state_descr line
  typeset -A opt_args
  _arguments -s -C \\
${lines.map((spec) => `    ${spec}`).join(' \\\n')}
  case $state in
    command)
      local -a commands=(
${described.map((entry) => `        ${entry}`).join('\n')}
      )
      _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

/** `'(-r --repo)'{-r,--repo}'[the repository]:value:_files'` */
function flagSpec(flag: FlagSpec): string {
  const names = namesOf(flag);
  const value = { none: '', file: ':file:_files', other: ':value: ' }[flag.value];
  const text = flag.description.replaceAll(/[[\]\\:]/g, (sign) => `\\${sign}`);
  const rest = `[${text}]${value}`;
  if (names.length === 1) return quote(`${flag.long}${rest}`);
  return `'(${names.join(' ')})'{${names.join(',')}}${quote(rest)}`;
}

function argumentSpecs({ choices, takesPaths }: CommandSpec): string[] {
  if (choices.length > 0) return [quote(`1:value:(${choices.join(' ')})`)];
  return takesPaths ? [quote('*:path:_files')] : [];
}
