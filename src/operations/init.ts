/** `init`: creates a repository. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { initRepository, openRepository } from '../repository/open-repository.ts';
import type { RepositoryChoice, Workbench } from './workbench.ts';

export interface InitInput {
  /** As given: `1` or `2`. */
  readonly version: string;
  /** Whose chunker polynomial to take over, so that copies deduplicate. */
  readonly chunkerFrom: { location: string; password: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function initialize(
  workbench: Workbench,
  choice: RepositoryChoice,
  { version, chunkerFrom, signal }: InitInput,
): Promise<{ id: string; location: string }> {
  if (version !== '1' && version !== '2') {
    const problem = `"${version}" is no version of the repository format; there are 1 and 2`;
    throw new KeepsakeError('SETTING_INVALID', { name: '--repository-version', problem });
  }
  const chunkerPolynomial =
    chunkerFrom === undefined ? undefined : await readPolynomial(workbench, chunkerFrom, signal);
  await using backend = workbench.openBackend(choice.location);
  const { clock, random, self } = workbench;
  const repository = await initRepository(
    { backend, clock, random, self },
    { password: choice.password, version: version === '1' ? 1 : 2, chunkerPolynomial },
  );
  return { id: repository.config.id, location: backend.location };
}

async function readPolynomial(
  workbench: Workbench,
  { location, password }: { location: string; password: string },
  signal: AbortSignal | undefined,
): Promise<bigint> {
  await using backend = workbench.openBackend(location);
  const { clock, random, self } = workbench;
  const other = await openRepository({ backend, clock, random, self }, password, { signal });
  return other.config.chunkerPolynomial;
}

/** Both flags belong together, and the other repository needs its password. */
export function requireChunkerSource(flags: {
  copy: boolean;
  repo: string | undefined;
  passwordFile: string | undefined;
}): { repo: string; passwordFile: string } {
  const { copy, repo, passwordFile } = flags;
  if (!copy || repo === undefined || passwordFile === undefined) {
    const problem = 'goes with --from-repo and --from-password-file';
    throw new KeepsakeError('SETTING_INVALID', { name: '--copy-chunker-params', problem });
  }
  return { repo, passwordFile };
}
