/** Asks git about the app's checkout, as the app's user. */
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { Account } from '../../host/accounts.ts';
import { appEnvironment, type Environment } from '../../host/command-environment.ts';
import { runCommand } from '../../host/run-command.ts';

export interface Checkout {
  readonly folder: string;
  readonly app: Pick<ResolvedApp, 'environment'>;
  readonly clock: Clock;
  /** Keepsake's own. */
  readonly environment: Environment;
  /** Absent: whoever runs Keepsake. */
  readonly account: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A remote that does not answer. */
const LIMIT_MS = 300_000;
/** What git says is taken apart, its questions are not answered, and a look changes nothing. */
const GIT_ENVIRONMENT = {
  LC_ALL: 'C.UTF-8',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
};
const KNOWN_SHOWN = 5;

export function isCheckout(folder: string): boolean {
  return existsSync(fsPath(join(folder, '.git')));
}

/** Of a work tree or a submodule all that git remembers is elsewhere: a copy of the folder lacks it. */
export function holdsGitFolder(folder: string): boolean {
  const stats = lstatSync(fsPath(join(folder, '.git')), { throwIfNoEntry: false });
  return stats?.isDirectory() === true;
}

interface GitAnswer {
  readonly isWell: boolean;
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly why: string;
}

async function askGit(checkout: Checkout, args: readonly string[]): Promise<GitAnswer> {
  const { folder, app, clock, environment, account, signal } = checkout;
  const lines: string[] = [];
  const complaints: string[] = [];
  const { exitCode, timedOut } = await runCommand(['git', ...args], {
    clock,
    environment: { ...appEnvironment(environment, account, app.environment), ...GIT_ENVIRONMENT },
    workingFolder: folder,
    runAs: account,
    limitMs: LIMIT_MS,
    onLine: (line, stream) => (stream === 'stdout' ? lines : complaints).push(line),
    signal,
  });
  // Advice follows what went wrong.
  const said =
    complaints.find((line) => /^(?:fatal|error): /.test(line)) ??
    complaints.findLast((line) => line.trim() !== '') ??
    `exit code ${exitCode}`;
  return { isWell: exitCode === 0, exitCode, lines, why: timedOut ? 'it took too long' : said };
}

/** Throws `UPDATE_GIT_FAILED`. */
async function git(checkout: Checkout, ...args: string[]): Promise<readonly string[]> {
  const { isWell, lines, why } = await askGit(checkout, args);
  if (isWell) return lines;
  const { folder } = checkout;
  throw new KeepsakeError('UPDATE_GIT_FAILED', { what: args[0] ?? '', folder, why });
}

/** The first line, where git has an answer. */
async function gitIfAny(checkout: Checkout, ...args: string[]): Promise<string | undefined> {
  const { isWell, lines } = await askGit(checkout, args);
  return isWell ? lines[0] : undefined;
}

/** `undefined` where git does not tell. */
export async function commitOf(checkout: Checkout): Promise<string | undefined> {
  try {
    return await resolveCommit(checkout, 'HEAD');
  } catch {
    checkout.signal?.throwIfAborted();
    return undefined; // git is not installed, or will not work for this user
  }
}

function resolveCommit(checkout: Checkout, ref: string): Promise<string | undefined> {
  return gitIfAny(
    checkout,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  );
}

/** Of exactly that name: no `~1` and the like. */
async function commitOfRef(checkout: Checkout, ref: string): Promise<string | undefined> {
  const isRef = (await askGit(checkout, ['show-ref', '--verify', '--quiet', ref])).isWell;
  return isRef ? resolveCommit(checkout, ref) : undefined;
}

/** Names a person knows: a tag, else a short id. */
async function describe(checkout: Checkout, commit: string): Promise<string> {
  return (
    (await gitIfAny(checkout, 'describe', '--tags', '--always', commit)) ?? commit.slice(0, 12)
  );
}

export interface CodeUpdate {
  readonly from: string;
  readonly to: string;
  readonly commitCount: number;
  /** What git is called with. */
  readonly steps: readonly (readonly string[])[];
}

/**
 * To which commit, and how. `undefined`: it is there already. Throws `UPDATE_LOCAL_CHANGES`,
 * `UPDATE_REF_NEEDED`, `UPDATE_REF_UNKNOWN`, `UPDATE_NOT_FORWARD`, `UPDATE_GIT_FAILED`.
 */
export async function planUpdate(
  checkout: Checkout,
  ref: string | undefined,
  { warn }: { warn: (message: string) => void },
): Promise<CodeUpdate | undefined> {
  await assertClean(checkout);
  await fetchAll(checkout, ref, warn);
  const branch = await gitIfAny(checkout, 'symbolic-ref', '--quiet', '--short', 'HEAD');
  const goal = await (ref === undefined
    ? upstreamGoal(checkout, branch)
    : namedGoal(checkout, ref));
  const from = (await resolveCommit(checkout, 'HEAD')) ?? '';
  const isSameBranch = goal.branch === undefined || goal.branch === branch;
  if (goal.commit === from && isSameBranch) return undefined;
  if (goal.branch !== undefined) await assertForward(checkout, goal.branch, goal);
  const range = `${from}..${goal.commit}`;
  return {
    from: await describe(checkout, from),
    to: await describe(checkout, goal.commit),
    commitCount: Number((await git(checkout, 'rev-list', '--count', range))[0]),
    steps: stepsTo(goal, branch),
  };
}

interface Goal {
  readonly commit: string;
  /** Absent: the commit itself, on no branch. */
  readonly branch?: string;
  /** What the branch is moved forward to. */
  readonly upstream?: string;
  /** There is none of that name here yet. */
  readonly isNew?: boolean;
}

function stepsTo({ commit, branch, upstream, isNew }: Goal, current: string | undefined) {
  if (branch === undefined) return [['git', 'checkout', '--detach', commit]];
  if (isNew === true) return [['git', 'checkout', '-b', branch, '--track', upstream ?? '']];
  const forward = upstream === undefined ? [] : [['git', 'merge', '--ff-only', commit]];
  return branch === current ? forward : [['git', 'checkout', branch], ...forward];
}

/** Without a remote, or one that does not answer, what is here already will do if it was named. */
async function fetchAll(
  checkout: Checkout,
  ref: string | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const { isWell, exitCode, why } = await askGit(checkout, ['fetch', '--tags', '--quiet']);
  if (isWell) return;
  const { folder } = checkout;
  // A tag that was moved there fails the whole, without a word of why.
  if (exitCode === 1 && (await askGit(checkout, ['fetch', '--quiet'])).isWell) {
    warn(`not all tags could be fetched; \`git -C ${folder} fetch --tags\` says which`);
    return;
  }
  if (ref === undefined || (await resolveCommit(checkout, ref)) === undefined) {
    throw new KeepsakeError('UPDATE_GIT_FAILED', { what: 'fetch', folder, why });
  }
  warn(`newer versions could not be fetched: ${why}`);
}

/** What git does not know of is left where it is by a checkout. */
async function assertClean(checkout: Checkout): Promise<void> {
  const lines = await git(checkout, 'status', '--porcelain', '--untracked-files=no');
  if (lines.length === 0) return;
  const some = lines.slice(0, KNOWN_SHOWN).map((line) => line.slice(3));
  const { folder } = checkout;
  throw new KeepsakeError('UPDATE_LOCAL_CHANGES', { folder, count: lines.length, some });
}

async function upstreamGoal(checkout: Checkout, branch: string | undefined): Promise<Goal> {
  const goal = branch === undefined ? undefined : await branchGoal(checkout, branch);
  if (goal?.upstream !== undefined) return goal;
  const why = branch === undefined ? 'it is on no branch' : `its branch ${branch} follows none`;
  const { folder } = checkout;
  throw new KeepsakeError('UPDATE_REF_NEEDED', { folder, why, known: await knownRefs(checkout) });
}

async function namedGoal(checkout: Checkout, ref: string): Promise<Goal> {
  const branch = await branchGoal(checkout, ref);
  if (branch !== undefined) return branch;
  const isPlain = !ref.startsWith('-');
  const commit = isPlain ? await resolveCommit(checkout, ref) : undefined;
  if (commit !== undefined) return { commit };
  const { folder } = checkout;
  throw new KeepsakeError('UPDATE_REF_UNKNOWN', { ref, folder, known: await knownRefs(checkout) });
}

/** Of a branch here, or one that only the remote has. */
async function branchGoal(checkout: Checkout, branch: string): Promise<Goal | undefined> {
  const here = await commitOfRef(checkout, `refs/heads/${branch}`);
  if (here === undefined) {
    const upstream = `origin/${branch}`;
    const commit =
      branch === 'HEAD' ? undefined : await commitOfRef(checkout, `refs/remotes/${upstream}`);
    return commit === undefined ? undefined : { commit, branch, upstream, isNew: true };
  }
  const name = `${branch}@{upstream}`;
  const upstream = await gitIfAny(checkout, 'rev-parse', '--abbrev-ref', '--quiet', name);
  const there = upstream === undefined ? undefined : await resolveCommit(checkout, upstream);
  if (upstream === undefined || there === undefined) return { commit: here, branch };
  // It may be ahead: then there is nothing to move.
  const isAhead = await isAncestor(checkout, there, here);
  return { commit: isAhead ? here : there, branch, upstream };
}

async function assertForward(
  checkout: Checkout,
  branch: string,
  { commit, upstream, isNew }: Goal,
): Promise<void> {
  if (upstream === undefined || isNew === true) return;
  if (await isAncestor(checkout, `refs/heads/${branch}`, commit)) return;
  const { folder } = checkout;
  throw new KeepsakeError('UPDATE_NOT_FORWARD', { folder, branch, upstream });
}

async function isAncestor(checkout: Checkout, older: string, newer: string): Promise<boolean> {
  return (await askGit(checkout, ['merge-base', '--is-ancestor', older, newer])).isWell;
}

async function knownRefs(checkout: Checkout): Promise<string[]> {
  const tags = await git(checkout, 'tag', '--sort=-version:refname');
  const branches = await git(checkout, 'branch', '--format=%(refname:short)');
  return [...tags.slice(0, KNOWN_SHOWN), ...branches.filter((name) => !name.startsWith('('))];
}
