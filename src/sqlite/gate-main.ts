/**
 * The gate: a child process that alone loads SQLite.
 *
 * POSIX drops a process's locks on a file when it closes any descriptor of that file, so the
 * process that holds a read lock must not open the database in any other way
 * (https://www.sqlite.org/howtocorrupt.html §2.2). This one opens nothing but what it is told to.
 */
import { DatabaseSync } from 'node:sqlite';
import { encodeRawName } from '../base/raw-name.ts';
import { sqliteUri, type GateAnswer, type GateRequest } from './gate-protocol.ts';
import { checkImage, sqliteCodeOf } from './image-checks.ts';
import { readContents, readSchema } from './image-facts.ts';
import { ColumnMissingError, columnTexts, readColumnTexts } from './image-references.ts';
import { copyLocked } from './locked-copy.ts';
import { overwriteLive } from './overwrite-live.ts';
import { ReadLock } from './read-lock.ts';

const VALUES_PER_ANSWER = 1000;

let texts: Generator<string> | undefined;
let lock: ReadLock | undefined;

async function answer(request: GateRequest): Promise<GateAnswer> {
  switch (request.kind) {
    case 'copy': {
      const readLockMs = await copyLocked(request, () => send({ kind: 'locked' }));
      return { kind: 'copied', readLockMs };
    }
    case 'hold':
      lock = new ReadLock(request);
      return { kind: 'held' };
    case 'release':
      return release();
    case 'recover':
      recover(request.image);
      return { kind: 'recovered' };
    case 'overwrite':
      return { kind: 'overwritten', outcome: await overwriteLive(request) };
    case 'contents':
      return { kind: 'contents', contents: readContents(request.image) };
    case 'check':
      return { kind: 'checked', checks: checkImage(request.image, request.fullIntegrity) };
    case 'references':
      texts = readColumnTexts(request.image, request.references);
      return nextValues(texts);
    case 'next':
      if (texts === undefined) throw new Error('no references were asked for');
      return nextValues(texts);
    case 'held-schema':
      return lock === undefined
        ? { kind: 'not-held' }
        : { kind: 'schema', schema: readSchema(lock.database) };
    case 'held-references':
      if (lock === undefined) return { kind: 'not-held' };
      texts = columnTexts(lock.database, request.references);
      return nextValues(texts);
    default:
      return request satisfies never;
  }
}

function release(): GateAnswer {
  if (lock === undefined) return { kind: 'not-held' };
  const held = lock;
  lock = undefined;
  return { kind: 'released', readLockMs: held.release() };
}

/** Opening rolls a hot journal back; a WAL is written into the database and then removed. */
function recover(image: string): void {
  const database = new DatabaseSync(sqliteUri(encodeRawName(image), 'mode=rw'));
  try {
    database.prepare('SELECT 1 FROM sqlite_schema').get();
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

function nextValues(source: Generator<string>): GateAnswer {
  const values: string[] = [];
  while (values.length < VALUES_PER_ANSWER) {
    const { value, done } = source.next();
    if (done === true) return { kind: 'values', values, done: true };
    values.push(value);
  }
  return { kind: 'values', values, done: false };
}

function describeFailure(error: unknown): GateAnswer {
  if (error instanceof ColumnMissingError) return { kind: 'column-missing', ...error.reference };
  const sqliteCode = sqliteCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', message, ...(sqliteCode !== undefined && { sqliteCode }) };
}

function send(message: GateAnswer): void {
  process.send?.(message);
}

process.on('message', (request: GateRequest) => {
  void answer(request).catch(describeFailure).then(send);
});

// The parent is gone: end at once, also while a copy is under way in another thread.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
