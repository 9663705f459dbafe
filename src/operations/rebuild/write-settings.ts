/** The last steps of a rebuild: the password file that the config names, and then the config itself. */
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import { utf8Encode } from '../../base/bytes.ts';
import { describeCause } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { whereSupported, writeNewFile } from '../../backend/whole-file.ts';
import type { Owner } from '../../host/tree-owner.ts';
import { kindOf } from '../in-place/change-files.ts';
import type { RebuildContext } from './plan-rebuild.ts';
import type { RebuildPlan } from './rebuild-input.ts';
import type { RebuildMachine } from './rebuild-machine.ts';

const PRIVATE_FILE = 0o600;
/** As `mkdir -p` makes them: what is secret in them is a file of its own mode. */
const OPEN_FOLDER = 0o755;

/** Gives what could not be done. A failure to write the config is thrown: without it nothing is done. */
export async function writeSettings(
  { machine, input, origin }: RebuildContext,
  { password, config, resumes }: Pick<RebuildPlan, 'password' | 'config' | 'resumes'>,
  ownerOf: (there: Owner) => Owner,
): Promise<string[]> {
  const problems: string[] = [];
  if (password.state === 'write' && password.path !== undefined) {
    try {
      const bytes = utf8Encode(`${input.repository.password}\n`);
      await writeIfAbsent(machine, password.path, bytes);
    } catch (error) {
      problems.push(`${password.path}: ${describeCause(error)}`);
    }
  }
  await writeIfAbsent(machine, config.path, origin.configBytes);
  const isOwn = config.state === 'write' || (config.state === 'same' && resumes !== undefined);
  if (isOwn) await setOwnership(machine, origin.machine.config, ownerOf);
  return problems;
}

async function setOwnership(
  { isRoot, attributes }: RebuildMachine,
  { path, mode, uid, gid }: { path: string; mode: number } & Owner,
  ownerOf: (there: Owner) => Owner,
): Promise<void> {
  const found = await attributes.read(path);
  const owner = isRoot ? ownerOf({ uid, gid }) : {};
  await attributes.write(path, { ...found, mode, ...owner });
}

/** Whole or not at all, and on the disk itself. */
async function writeIfAbsent(
  { files }: RebuildMachine,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  if ((await kindOf(files, path)) !== undefined) return;
  const folder = dirname(path);
  await makeOpenFolders({ files }, folder);
  const temporary = `${path}.keepsake-new`;
  if ((await kindOf(files, temporary)) !== undefined) await files.unlink(temporary);
  const place = { location: folder, file: path };
  const mode = { mode: PRIVATE_FILE, finalMode: PRIVATE_FILE };
  await writeNewFile(files, temporary, { bytes, place, ...mode });
  await files.rename(temporary, path);
  await whereSupported(files.syncFolder(folder));
}

async function makeOpenFolders(
  { files }: Pick<RebuildMachine, 'files'>,
  path: string,
): Promise<void> {
  if ((await kindOf(files, path)) !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) await makeOpenFolders({ files }, parent);
  await files.makeFolder(path, OPEN_FOLDER);
  await chmod(fsPath(path), OPEN_FOLDER); // whatever the umask
  await whereSupported(files.syncFolder(parent));
}
