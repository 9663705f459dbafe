import { readdirSync, readlinkSync } from 'node:fs';

/** A path to the file that keeps drafted trees in `folder`: it has no name, but it is open. */
export function scratchTrees(folder: string): string {
  const links = readdirSync('/proc/self/fd').map((fd) => `/proc/self/fd/${fd}`);
  const found = links.find((link) => target(link) === `${folder}/trees (deleted)`);
  if (found === undefined) throw new Error('no scratch file is open');
  return found;
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // closed by now
  }
}
