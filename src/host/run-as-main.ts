/**
 * Becomes the user it is told to be and runs one program as that user. `spawn` itself can only set
 * the user and one group: the user's other groups would be lost (libuv drops them all).
 *
 * A program that is tied ends with Keepsake, however that ends: what follows a crash must be able to
 * rely on it that nothing goes on writing.
 *
 * The request comes over the pipe to the parent, so neither argv nor the environment of this process
 * shows what the program gets.
 */
import { spawn } from 'node:child_process';
import type { RunAsFailure, RunAsRequest } from './run-as-protocol.ts';

/** Node has it; its types do not name it. */
type WithInitgroups = NodeJS.Process & { initgroups(user: string, extraGroup: number): void };

const UMASK = 0o022;
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

process.once('message', (request: RunAsRequest) => {
  try {
    become(request);
  } catch (error) {
    fail(error);
    return;
  }
  run(request);
});

function become({ user, workingFolder }: RunAsRequest): void {
  if (user !== undefined && process.getuid?.() === 0) {
    (process as WithInitgroups).initgroups(user.name, user.gid);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  if (user !== undefined) process.umask(UMASK);
  process.chdir(workingFolder);
}

function run({ argv: [program = '', ...args], environment, tied = false }: RunAsRequest): void {
  // The whole process group gets these; the program ends by them and this process after it.
  for (const name of PASSED_ON) process.on(name, () => {});
  const child = spawn(program, args, { env: environment, stdio: 'inherit' });
  // The whole group, which is ours: this process with it.
  if (tied) process.once('disconnect', () => process.kill(0, 'SIGKILL'));
  else child.on('spawn', () => process.disconnect());
  child.on('error', fail);
  child.on('exit', (exitCode, signal) => {
    if (signal === null) process.exit(exitCode ?? 1);
    for (const name of PASSED_ON) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function fail(error: unknown): void {
  const failure: RunAsFailure = { reason: error instanceof Error ? error.message : String(error) };
  process.send?.(failure, () => process.exit(127));
}
