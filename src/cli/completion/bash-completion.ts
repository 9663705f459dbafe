/** A script for bash: which command the words so far name, then what may follow. */
import { allCommands, namesOf, quote, type CommandSpec, type FlagSpec } from './command-tree.ts';

export function bashCompletion(program: CommandSpec): string {
  const commands = [...allCommands(program)];
  return `# bash completion for keepsake; to use it: source <(keepsake completion bash)
_keepsake() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local command= word skip= i
  # bash takes "=" for a word of its own
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then
      [[ $word == "=" ]] || skip=
      continue
    fi
    case "$command $word" in
${valueFlagCases(program, commands)}
${commandCases(commands)}
    esac
  done
  case "$command $prev" in
${fileFlagCases(program, commands)}
${otherFlagCases(program, commands)}
  esac
  local words= paths=
  case "$command" in
${commands.map((command) => wordsCase(program, command)).join('\n')}
  esac
  if [[ $cur == -* || -z $paths ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _keepsake keepsake
`;
}

/** Commands are told apart as `key add` is: by all their words. */
function nameOf({ path }: CommandSpec): string {
  return path.join(' ');
}

function flagPatterns(
  program: CommandSpec,
  commands: readonly CommandSpec[],
  isMeant: (flag: FlagSpec) => boolean,
): string {
  const everywhere = program.flags.filter(isMeant).flatMap(namesOf);
  const own = commands
    .filter(({ path }) => path.length > 0)
    .flatMap((command) =>
      command.flags
        .filter(isMeant)
        .flatMap(namesOf)
        .map((name) => quote(`${nameOf(command)} ${name}`)),
    );
  return [...everywhere.map((name) => `*' ${name}'`), ...own].join('|');
}

function valueFlagCases(program: CommandSpec, commands: readonly CommandSpec[]): string {
  const patterns = flagPatterns(program, commands, ({ value }) => value !== 'none');
  return `      ${patterns}) skip=1 ;;`;
}

function commandCases(commands: readonly CommandSpec[]): string {
  return commands
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => {
      const before = `${path.slice(0, -1).join(' ')} ${path.at(-1) ?? ''}`;
      return `      ${quote(before)}) command=${quote(path.join(' '))} ;;`;
    })
    .join('\n');
}

function fileFlagCases(program: CommandSpec, commands: readonly CommandSpec[]): string {
  const patterns = flagPatterns(program, commands, ({ value }) => value === 'file');
  return `    ${patterns})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return ;;`;
}

function otherFlagCases(program: CommandSpec, commands: readonly CommandSpec[]): string {
  const patterns = flagPatterns(program, commands, ({ value }) => value === 'other');
  return `    ${patterns}) return ;;`;
}

function wordsCase(program: CommandSpec, command: CommandSpec): string {
  const flags = command.path.length === 0 ? command.flags : [...command.flags, ...program.flags];
  const words = [
    ...command.subcommands.map(({ path }) => path.at(-1) ?? ''),
    ...command.choices,
    ...new Set(flags.flatMap(namesOf)),
  ];
  const paths = command.takesPaths ? ' paths=1' : '';
  return `    ${quote(nameOf(command))}) words=${quote(words.join(' '))}${paths} ;;`;
}
