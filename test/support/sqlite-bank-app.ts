/** The hostile writer and its checkpointer, as one app that can be started and killed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { killSqliteProgram, startSqliteProgram } from './sqlite-session.ts';

export interface BankOptions {
  database: string;
  journalMode: 'wal' | 'delete' | 'truncate' | 'persist';
  /** Outside the database's folder. */
  progressFile: string;
  seed: number;
  checkpointer?: boolean | 'resting';
}

export class BankApp implements AsyncDisposable {
  readonly #writer: ChildProcess;
  readonly #checkpointer: ChildProcess | undefined;
  readonly #progressFile: string;

  constructor(progressFile: string, writer: ChildProcess, checkpointer: ChildProcess | undefined) {
    this.#progressFile = progressFile;
    this.#writer = writer;
    this.#checkpointer = checkpointer;
  }

  /** A commit that certainly happened: the writer says so after it. */
  async committed(): Promise<number> {
    return Number(await readFile(this.#progressFile, 'utf8'));
  }

  /** Cleanly; without the checkpointer the last connection then removes `-wal` and `-shm`. */
  async stop(): Promise<void> {
    if (this.#checkpointer !== undefined) await killSqliteProgram(this.#checkpointer);
    const exit = once(this.#writer, 'exit');
    this.#writer.send('stop');
    await exit;
  }

  /** Nothing is written any more; a transaction may be open. */
  rest(): Promise<void> {
    return rest(this.#writer);
  }

  go(): void {
    this.#writer.send('go');
  }

  async restCheckpoints(): Promise<void> {
    if (this.#checkpointer !== undefined) await rest(this.#checkpointer);
  }

  goCheckpoints(): void {
    this.#checkpointer?.send('go');
  }

  async kill(): Promise<void> {
    await killSqliteProgram(this.#writer);
    if (this.#checkpointer !== undefined) await killSqliteProgram(this.#checkpointer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function rest(program: ChildProcess): Promise<void> {
  const told = once(program, 'message');
  program.send('rest');
  await told;
}

export async function startBank(options: BankOptions): Promise<BankApp> {
  const { database, journalMode, progressFile, seed, checkpointer = false } = options;
  const args = [database, journalMode, progressFile, String(seed)];
  const writer = await startSqliteProgram('sqlite-hostile-writer-main', args);
  const beside = [database, String(seed), checkpointer === 'resting' ? 'resting' : ''];
  const second =
    checkpointer === false
      ? undefined
      : await startSqliteProgram('sqlite-checkpointer-main', beside);
  return new BankApp(progressFile, writer, second);
}
