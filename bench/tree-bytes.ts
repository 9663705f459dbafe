/** How much of a restic repository is folder listings: read from its index files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MasterKey } from '../src/format/crypto.ts';
import { decodeIndexFile } from '../src/format/index-file.ts';
import { decodeKeyFile, openMasterKey } from '../src/format/key-file.ts';
import { unsealUnpacked } from '../src/format/unpacked.ts';

export async function sealedTreeBytes(repository: string, passwordFile: string): Promise<number> {
  const master = await openKey(repository, passwordFile);
  const folder = join(repository, 'index');
  if (!existsSync(folder)) return 0;
  let sum = 0;
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    for (const { blobs } of decodeIndexFile(unsealUnpacked({ kind: 'index', master, bytes }))
      .packs) {
      for (const { type, length } of blobs) sum += type === 'tree' ? length : 0;
    }
  }
  return sum;
}

/** All repositories of one run have the same key file: scrypt is paid once. */
const opened = new Map<string, MasterKey>();

async function openKey(repository: string, passwordFile: string): Promise<MasterKey> {
  const [name = ''] = readdirSync(join(repository, 'keys'));
  const known = opened.get(name);
  if (known !== undefined) return known;
  const password = readFileSync(passwordFile, 'utf8').trimEnd();
  const keyFile = decodeKeyFile(readFileSync(join(repository, 'keys', name)));
  const master = await openMasterKey(keyFile, password);
  if (master === undefined) throw new Error(`the password does not open ${repository}`);
  opened.set(name, master);
  return master;
}
