/**
 * Apps for tests, each a process of its own: a test process that opened a database in SQLite and
 * also read the file plainly would drop its own locks.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

/** Starts a program of this folder; its first message tells that it is ready. */
export async function startSqliteProgram(
  name: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = fork(program, args, { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${String(code)} before it was ready`);
  });
  await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {}); // from here on it may end
  return child;
}

export async function killSqliteProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** An app with one connection, which does as it is told. Disposing is `kill -9`. */
export class SqliteSession implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  async exec(sql: string): Promise<void> {
    await this.#ask({ sql });
  }

  /** A clean stop: the last connection of a WAL database removes `-wal` and `-shm`. */
  async close(): Promise<void> {
    const exit = once(this.#child, 'exit');
    await this.#ask({ close: true });
    await exit;
  }

  async kill(): Promise<void> {
    await killSqliteProgram(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #ask(request: object): Promise<void> {
    const reply = once(this.#child, 'message');
    this.#child.send(request);
    const [answer] = (await reply) as [{ ok: boolean; message?: string }];
    if (!answer.ok) throw new Error(answer.message);
  }
}

export async function openSession(path: string, sql?: string): Promise<SqliteSession> {
  const session = new SqliteSession(await startSqliteProgram('sqlite-session-main', [path]));
  if (sql !== undefined) await session.exec(sql);
  return session;
}

/** A database that an app made and then closed; in this process, which by then has no lock to drop. */
export function makeDatabase(path: string | Buffer, sql: string): void {
  // Some tests write into the schema.
  using database = new DatabaseSync(path, { timeout: 5000, defensive: false });
  database.exec(sql);
}
