/**
 * A small Wishlist that really serves its data: one SQLite connection, pictures in `uploads`, and the
 * answers that were measured on the real one (`GET /login`: 200 with users, 302 to /setup-wizard
 * without, 500 with a database that is damaged, empty or newer than the app; `/` asks nothing).
 *
 * Environment, as the real one's: PORT, HOST, DATABASE_URL=file:PATH. LAB_APP_OPTIONS names a JSON
 * file of `AppOptions`, read at each start. MAIL_PORT: where it would send mail to.
 *
 *   GET /login /items /version /assets/NAME /events(stays open)   POST /items /mail   DELETE /items/ID
 */
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { json } from 'node:stream/consumers';
import type { AppOptions, LabItem } from './app-options.ts';

const NEWEST_MIGRATION = '20260624143856_add_list_hide_owner';

const environment = process.env;
const optionsFile = environment['LAB_APP_OPTIONS'] ?? '';
const options: AppOptions = existsSync(optionsFile)
  ? (JSON.parse(readFileSync(optionsFile, 'utf8')) as AppOptions)
  : {};
const databasePath = (environment['DATABASE_URL'] ?? '').replace(/^file:/, '').replace(/\?.*$/, '');
const uploads = join(dirname(dirname(databasePath)), 'uploads');

if (options.exitAtStart !== undefined) process.exit(options.exitAtStart);
// As better-sqlite3: a database that is not there is made, of no bytes.
const db = new DatabaseSync(databasePath, { timeout: 5000 });

function answerLogin(response: ServerResponse): void {
  if (options.sick !== undefined) return void response.writeHead(options.sick).end('sick');
  const { newest } = db
    .prepare('SELECT max(migration_name) AS newest FROM _prisma_migrations')
    .get() as {
    newest: string | null;
  };
  if ((newest ?? '') > (options.knownMigration ?? NEWEST_MIGRATION)) {
    throw new Error(`the database is newer than the app: ${newest}`);
  }
  const { users } = db.prepare('SELECT count(*) AS users FROM user').get() as { users: number };
  if (users === 0) return void response.writeHead(302, { location: '/setup-wizard' }).end();
  response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>');
}

function listItems(response: ServerResponse): void {
  sendJson(response, 200, db.prepare('SELECT id, name, imageUrl FROM items ORDER BY id').all());
}

async function addItem(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { name } = (await json(request)) as { name: string };
  sendJson(response, 201, insertItem(name));
}

/** The picture first, then the row, as the real one does. */
function insertItem(name: string): LabItem {
  const imageUrl = `${name.toLowerCase().replace(/\W+/g, '-')}-${Date.now()}.webp`;
  writeFileSync(join(uploads, imageUrl), `RIFF picture of ${name}`);
  const { lastInsertRowid } = db
    .prepare(
      'INSERT INTO items (name, imageUrl, userId, createdById) SELECT ?, ?, id, id FROM user LIMIT 1',
    )
    .run(name, imageUrl);
  return { id: Number(lastInsertRowid), name, imageUrl };
}

/** The row first, then the picture. */
function deleteItem(id: number, response: ServerResponse): void {
  const row = db.prepare('SELECT imageUrl FROM items WHERE id = ?').get(id) as
    { imageUrl: string | null } | undefined;
  db.prepare('DELETE FROM items WHERE id = ?').run(id);
  const picture = join(uploads, row?.imageUrl ?? 'none');
  if (existsSync(picture)) unlinkSync(picture);
  sendJson(response, 200, { deleted: row !== undefined });
}

function sendPicture(name: string, response: ServerResponse): void {
  const path = join(uploads, name);
  if (name.includes('/') || !existsSync(path)) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': 'image/webp' }).end(readFileSync(path));
}

function sendMail(text: string): void {
  const port = Number(environment['MAIL_PORT'] ?? 0);
  if (port === 0) return;
  connect(port, '127.0.0.1')
    .on('error', () => {}) // a drill may have no way out
    .end(`${text}\r\n`);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent((request.url ?? '/').replace(/\?.*/, ''));
  const [, place = '', name = ''] = path.split('/');
  switch (`${request.method} /${place}`) {
    case 'GET /login':
      return answerLogin(response);
    case 'GET /items':
      return listItems(response);
    case 'POST /items':
      return addItem(request, response);
    case 'DELETE /items':
      return deleteItem(Number(name), response);
    case 'GET /assets':
      return sendPicture(name, response);
    case 'GET /events':
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    case 'POST /mail':
      sendMail('password reset');
      return void response.writeHead(202).end();
    case 'GET /version':
      return void response.writeHead(200).end(options.version ?? '');
    case 'GET /':
      return void response.writeHead(307, { location: '/login' }).end();
    default:
      return void response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end('Internal Error');
  });
});

/** An open page is waited for, `stopWaitMs` long (the real one: 30 s). */
function stop(): void {
  if (options.ignoreTerm === true) return;
  server.close(() => {
    if (options.addAtStop !== undefined) insertItem(options.addAtStop);
    db.close();
    process.exit(0);
  });
  setTimeout(() => server.closeAllConnections(), options.stopWaitMs ?? 0);
}

process.on('SIGTERM', stop);
setTimeout(() => {
  server.listen(Number(environment['PORT']), environment['HOST'] ?? '127.0.0.1');
  if (options.mailAtStart === true) sendMail('started');
}, options.startDelayMs ?? 0);
