/** What a program that Keepsake starts finds in its environment: never what opens a repository. */
import type { Account } from './accounts.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of Keepsake and restic, the password among them. */
const OWN = /^(?:KEEPSAKE|RESTIC)_/;
/** What a program of the machine has no use for. */
const SECRET = /PASSWORD|SECRET|TOKEN|^(?:AWS|RCLONE|B2|AZURE|GOOGLE)_/;
/** What goes over to another user: how to find programs, how to speak, how to reach the network. */
const COMMON = /^(?:PATH|TERM|TZ|LANG|LANGUAGE|LC_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR))$/;
const PROXY = /^(?:https?|all|no)_proxy$/i;

/** For the programs of the machine itself, such as systemctl. */
export function withoutSecrets(ambient: Environment): Environment {
  return pick(ambient, (name) => !OWN.test(name) && !SECRET.test(name));
}

/**
 * For the app's commands. `own` is what the config gives them and is taken as it is. A program of
 * another user gets that user's home, and little else of ours, as with `sudo`.
 */
export function appEnvironment(
  ambient: Environment,
  account: Account | undefined,
  own: Environment = {},
): Environment {
  // An app's token in the caller's shell is meant for the app's command.
  if (account === undefined) return { ...pick(ambient, (name) => !OWN.test(name)), ...own };
  const { name, home } = account;
  const common = pick(ambient, (variable) => COMMON.test(variable) || PROXY.test(variable));
  return { ...common, HOME: home, USER: name, LOGNAME: name, ...own };
}

function pick(environment: Environment, wanted: (name: string) => boolean): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => wanted(name)));
}
