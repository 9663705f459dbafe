import { expect, test } from 'vitest';
import { runProgram, runProgramOk, startProgram } from './run-program.ts';

const node = process.execPath;

test('exit code, both outputs and the input are kept apart', async () => {
  const script = `process.stdin.on('data', d => process.stdout.write(d)); console.error('oh'); process.exitCode = 3`;
  const result = await runProgram([node, '-e', script], { input: 'in' });
  expect(result).toMatchObject({ exitCode: 3, stdout: 'in', stderr: 'oh\n', endedBy: null });
});

test('an argument is never read by a shell', async () => {
  const { stdout } = await runProgramOk([node, '-p', 'process.argv[1]', '$(id); "x" *']);
  expect(stdout).toBe('$(id); "x" *\n');
});

test('a failure throws with what the program said', async () => {
  const failing = runProgramOk([node, '-e', `console.error('the reason'); process.exit(7)`]);
  await expect(failing).rejects.toThrow(/exit code 7\nthe reason/);
});

test('a program that cannot be started throws', async () => {
  await expect(runProgram(['no-such-program'])).rejects.toThrow(/ENOENT/);
});

test('what takes too long is killed together with its children', async () => {
  const script = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(()=>{}, 9)'], {stdio: 'inherit'}); setInterval(()=>{}, 9)`;
  await expect(runProgram([node, '-e', script], { timeoutMs: 400 })).rejects.toThrow(/longer than/);
});

test('a started program gives its lines as they come and dies when disposed', async () => {
  let pid: number;
  {
    await using program = startProgram([
      node,
      '-e',
      `console.log('one'); setInterval(()=>{}, 1000)`,
    ]);
    pid = program.pid;
    for await (const line of program.lines) {
      expect(line).toBe('one');
      break;
    }
  }
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});
