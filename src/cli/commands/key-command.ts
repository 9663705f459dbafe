import type { Command } from 'commander';
import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { readNewPassword, type NewPasswordFlags } from '../new-password.ts';
import { repositoryInput } from '../repository-input.ts';

interface NewKeyFlags extends NewPasswordFlags {
  readonly host?: string;
  readonly user?: string;
}

export const defineKey: DefineCommand = (program, run) => {
  const key = program
    .command('key')
    .description('the passwords of the repository')
    .addHelpText('after', exitStatusHelp());
  key
    .command('list')
    .description('list the keys; * marks the one in use')
    .addHelpText('after', exitStatusHelp({}))
    .action((_: object, command: Command) => run(command, list));
  addNewKeyFlags(key.command('add').description('let another password open the repository'))
    .addHelpText('after', exitStatusHelp({}))
    .action((flags: NewKeyFlags, command: Command) =>
      run(command, (context) => add(context, flags)),
    );
  key
    .command('remove')
    .description('remove a key: its password opens nothing any more')
    .argument('<id>', 'the key, or the beginning of its id')
    .addHelpText('after', exitStatusHelp({}))
    .action((id: string, _: object, command: Command) =>
      run(command, (context) => remove(context, id)),
    );
  addNewKeyFlags(key.command('passwd').description('replace the password of the key in use'))
    .addHelpText('after', exitStatusHelp({}))
    .action((flags: NewKeyFlags, command: Command) =>
      run(command, (context) => changePassword(context, flags)),
    );
};

function addNewKeyFlags(command: Command): Command {
  return command
    .option('--new-password-file <file>', 'file that holds the new password')
    .option('--new-password-command <command>', 'command that prints the new password (no shell)')
    .option('--host <name>', 'host noted in the key')
    .option('--user <name>', 'user noted in the key');
}

async function newKeyInput(context: CommandContext, flags: NewKeyFlags) {
  const { workbench, input } = await repositoryInput(context);
  const newPassword = await readNewPassword(context, flags);
  const { host: hostname, user: username } = flags;
  const identity = {
    ...(hostname === undefined ? {} : { hostname }),
    ...(username === undefined ? {} : { username }),
  };
  return { workbench, input: { ...input, newPassword, identity } };
}

async function list(context: CommandContext): Promise<ExitCode> {
  const { listKeys } = await import('../../operations/keys.ts');
  const { renderKeys } = await import('../render-keys.ts');
  context.output.reserveStdout();
  const { workbench, input } = await repositoryInput(context);
  const keys = await listKeys(workbench, { ...input, lock: context.readingLock() });
  renderKeys(context.output, keys);
  return keys.every(({ key }) => key !== undefined) ? ExitCode.ok : ExitCode.damage;
}

async function add(context: CommandContext, flags: NewKeyFlags): Promise<ExitCode> {
  const { addKey } = await import('../../operations/keys.ts');
  const { workbench, input } = await newKeyInput(context, flags);
  const id = await addKey(workbench, input);
  context.output.say(`added key ${id.slice(0, 8)}`);
  context.output.emit({ message_type: 'key_added', id });
  return ExitCode.ok;
}

async function remove(context: CommandContext, wanted: string): Promise<ExitCode> {
  const { removeKey } = await import('../../operations/keys.ts');
  const { workbench, input } = await repositoryInput(context);
  const id = await removeKey(workbench, { ...input, wanted });
  context.output.say(`removed key ${id.slice(0, 8)}`);
  context.output.emit({ message_type: 'key_removed', id });
  return ExitCode.ok;
}

async function changePassword(context: CommandContext, flags: NewKeyFlags): Promise<ExitCode> {
  const operation = await import('../../operations/keys.ts');
  const { workbench, input } = await newKeyInput(context, flags);
  const { added, removed } = await operation.changePassword(workbench, input);
  context.output.say(`the password is changed: key ${added.slice(0, 8)} is in use now`);
  context.output.say('Put the new password where Keepsake reads it, and in a second safe place.');
  context.output.emit({ message_type: 'password_changed', added, removed });
  return ExitCode.ok;
}
