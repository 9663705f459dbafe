/**
 * Makes sure that the programs the tests call are there: as root on Debian the missing packages are
 * installed, everywhere else the exact line to type is printed. `npm test` runs it first.
 */
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isOnPath } from '../test/support/require-tool.ts';

interface Tool {
  readonly program: string;
  readonly debianPackage: string;
}

const testTools: readonly Tool[] = [
  { program: 'restic', debianPackage: 'restic' },
  { program: 'sqlite3', debianPackage: 'sqlite3' },
  { program: 'setfattr', debianPackage: 'attr' },
  { program: 'setfacl', debianPackage: 'acl' },
  { program: 'git', debianPackage: 'git' },
];
const benchTools: readonly Tool[] = [
  ...testTools,
  { program: 'borg', debianPackage: 'borgbackup' },
];

/** True when everything is there in the end. Says what it does, and what is left to do. */
export function installTools(tools: readonly Tool[]): boolean {
  const missing = tools.filter(({ program }) => !isOnPath(program));
  if (missing.length === 0) return true;
  const packages = missing.map(({ debianPackage }) => debianPackage);
  if (existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) installPackages(packages);
  const left = missing.filter(({ program }) => !isOnPath(program));
  if (left.length > 0) console.error(explainMissing(left));
  return left.length === 0;
}

export function explainMissing(tools: readonly Tool[]): string {
  const programs = tools.map(({ program }) => program).join(', ');
  const packages = tools.map(({ debianPackage }) => debianPackage).join(' ');
  return `Missing: ${programs}. Install with: sudo apt-get install ${packages}`;
}

function installPackages(packages: readonly string[]): void {
  console.log(`installing from Debian: ${packages.join(' ')}`);
  aptGet('update');
  aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

function aptGet(...args: string[]): void {
  const { status, stderr } = spawnSync('apt-get', ['--quiet=2', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) console.error(`apt-get ${args.join(' ')} failed: ${stderr.trim()}`);
}

export const installTestTools = (): boolean => installTools(testTools);
export const installBenchTools = (): boolean => installTools(benchTools);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!installTestTools()) process.exit(1);
  console.log('all programs the tests call are there');
}
