/**
 * What `restic init` makes. It takes two seconds, in which restic tries how long scrypt takes, so one
 * repository of each version serves all tests of a run; it is only ever copied.
 */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD } from './cli-lab.ts';
import { restic } from './restic.ts';

/** A folder; its password is `PASSWORD`. */
export async function resticTemplate(version: 1 | 2): Promise<string> {
  const template = join(tmpdir(), `restic-init-${version}`);
  if (existsSync(template)) return template;
  const made = mkdtempSync(`${template}-`);
  await restic(made, PASSWORD, ['init', '--repository-version', `${version}`]);
  try {
    renameSync(made, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
    rmSync(made, { recursive: true }); // another file of tests came first
  }
  return template;
}
