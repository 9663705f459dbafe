/**
 * `npm run demo`: a small real app that goes on writing, two backups of it, a mistake, and the way
 * back; then every promise is checked by counting. Only the command line is used, as a person would.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { keepsakeBin, runKeepsake } from '../test/support/keepsake.ts';
import { isOnPath } from '../test/support/require-tool.ts';
import { runProgram } from '../test/support/run-program.ts';
import { checkWishlist, type WishlistState } from '../test/support/wishlist-app/check-wishlist.ts';
import { layOutWishlist } from '../test/support/wishlist-app/lay-out-wishlist.ts';
import {
  startWishlistWriter,
  type WishlistWriter,
} from '../test/support/wishlist-app/start-wishlist-writer.ts';
import { DemoReport } from './demo-report.ts';
import { checkRestored, type CommitRange } from './demo-proof.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
const folder = join(project, `demo-${time}`);
const app = join(folder, 'wishlist');
const repository = ['-r', 'repository', '--password-file', 'password.txt'];
const report = new DemoReport();

async function keepsake(...args: string[]): Promise<void> {
  const result = await runKeepsake([...repository, ...args], {
    cwd: folder,
    home: join(folder, 'keepsake-home'),
  });
  report.command(['keepsake', ...repository, ...args], result);
  if (result.exitCode !== 0) {
    throw new Error(`keepsake ${args[0]} ended with exit code ${result.exitCode}`);
  }
}

function layOut(): void {
  mkdirSync(folder);
  const password = randomBytes(24).toString('base64url');
  writeFileSync(join(folder, 'password.txt'), `${password}\n`, { mode: 0o600 });
  layOutWishlist(app, { users: 25, items: 600 });
  report.say(
    'A wishlist app for a family: a SQLite database in WAL mode, and a folder of pictures.',
    `Everything of this demo is in ${relative(process.cwd(), folder) || '.'}/`,
  );
}

/** Two backups while the app goes on writing. Gives the commits between which the second one lies. */
async function backUpLive(writer: WishlistWriter): Promise<CommitRange> {
  report.say(
    'The app is started: about 60 times a second it adds, changes or deletes a wish.',
    'A place for the backups is made, and the first backup taken while the app runs.',
  );
  await keepsake('init');
  await keepsake('backup', app);
  await delay(1000);
  report.say('A second later again. Only what changed is stored.');
  const from = writer.commits();
  await keepsake('backup', app);
  await writer.reach(writer.commits() + 2); // it still writes: no backup stopped it
  const to = writer.commits();
  report.say(`The app made ${writer.commits()} changes so far and never had to stop.`);
  return { from, to };
}

async function lookAtBackups(): Promise<void> {
  report.say('What is there now, and is every stored byte readable?');
  await keepsake('snapshots');
  await keepsake('check', '--read-data');
  if (!isOnPath('restic')) return;
  const argv = ['restic', '--no-cache', ...repository, 'check'];
  const result = await runProgram(argv, { cwd: folder });
  report.say('The format is restic’s. restic itself is installed here, so it is asked as well.');
  report.command(argv, result);
  report.promise('restic finds the repository in order', result.exitCode === 0);
}

/** A DELETE with the wrong WHERE, and a tidy-up in the wrong folder. */
function makeMistakes(): WishlistState {
  const before = checkWishlist(app);
  const db = new DatabaseSync(join(app, 'data', 'prod.db'));
  db.exec('PRAGMA foreign_keys = ON; DELETE FROM items WHERE id % 3 <> 0');
  db.close();
  const uploads = join(app, 'uploads');
  for (const name of readdirSync(uploads).slice(0, 300)) rmSync(join(uploads, name));
  const after = checkWishlist(app);
  report.say(
    'The app is stopped. Then two mistakes: a DELETE with the wrong WHERE, and a folder tidied up',
    `that was not meant. Wishes: ${before.rows['items']} before, ${after.rows['items']} now. ` +
      `Pictures: ${before.pictures.present} before, ${after.pictures.present} now.`,
  );
  return after;
}

async function bringBack(range: CommitRange, damaged: WishlistState): Promise<void> {
  report.say('The second backup is restored beside the damaged app, and verified.');
  await keepsake('restore', 'latest', '--target', 'restored');
  await keepsake('verify', 'latest');
  const restored = join(folder, 'restored', app);
  const { state, promises } = checkRestored(join(folder, 'restored'), restored, range);
  report.say(
    `Restored: ${state.rows['items']} wishes (the damaged app has ${damaged.rows['items']}) and ` +
      `${state.pictures.present} pictures. Is it whole? Counted without Keepsake's help:`,
  );
  for (const { promise, kept, facts } of promises) report.promise(promise, kept, facts);
}

function sayWhereToLook(): void {
  const bin = relative(folder, keepsakeBin);
  const here = relative(process.cwd(), folder);
  report.say(
    'Nothing is cleaned up, have a look:',
    `  ${here}/wishlist                 the app as the mistake left it`,
    `  ${here}/restored${app}`,
    '                                 the app as it was when the second backup was made',
    `  ${here}/repository               the backups`,
    'And try it yourself:',
    `  cd ${here}`,
    `  ${bin} ${repository.join(' ')} ls latest`,
    `  ${bin} ${repository.join(' ')} --help`,
  );
}

async function tellStory(): Promise<void> {
  layOut();
  let range: CommitRange;
  {
    await using writer = await startWishlistWriter(app, { opsPerSecond: 60 });
    range = await backUpLive(writer);
    await lookAtBackups();
    await writer.stop();
  }
  const damaged = makeMistakes();
  await bringBack(range, damaged);
}

try {
  await tellStory();
} catch (error) {
  report.promise('the story could be told to its end', false, (error as Error).message);
}
sayWhereToLook();
report.close();
process.exitCode = report.brokenCount === 0 ? 0 : 1;
