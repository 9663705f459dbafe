import { bashCompletion } from './bash-completion.ts';
import type { CommandSpec } from './command-tree.ts';
import { fishCompletion } from './fish-completion.ts';
import { zshCompletion } from './zsh-completion.ts';

export function shellScript(program: CommandSpec, shell: 'bash' | 'zsh' | 'fish'): string {
  const make = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
  return make[shell](program);
}
