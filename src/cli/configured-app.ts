import { existsSync } from 'node:fs';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { chooseApp, resolveApp, type ResolvedApp } from '../config/resolve-app.ts';
import type { CommandContext } from './command-context.ts';

/** For commands that make no sense without one: `need` says why. */
export async function configuredApp(
  context: CommandContext,
  name: string | undefined,
  { command, need }: { command: string; need: string },
): Promise<ResolvedApp> {
  const config = await context.config();
  if (config === undefined) {
    const problem = `${need}, and there is no keepsake.yaml`;
    throw new KeepsakeError('CLI_USAGE', { problem, command });
  }
  return resolveApp(config, chooseApp(config, name), { exists: existsSync });
}
