import type { CaptureLab } from './capture-lab.ts';
import { openSession, type SqliteSession } from './sqlite-session.ts';
import type { SeededRandom } from './wishlist-app/seeded-random.ts';

/** What an app and those beside it may do between two backups. */
export class HostileSqliteApp {
  readonly #lab: CaptureLab;
  readonly #random: SeededRandom;
  session: SqliteSession;

  constructor(lab: CaptureLab, session: SqliteSession, random: SeededRandom) {
    this.#lab = lab;
    this.session = session;
    this.#random = random;
  }

  async step(): Promise<string> {
    const at = this.#random.below(600);
    const what = this.#random.pick([
      ['update', `UPDATE t SET n = 'x${at}' WHERE id = ${at}`],
      ['update', `UPDATE t SET n = 'y${at}', b = randomblob(900) WHERE id % 97 = ${at % 97}`],
      ['insert', `INSERT INTO t(n, b) VALUES ('new', randomblob(${at * 5}))`],
      ['shrink', `DELETE FROM t WHERE id > (SELECT max(id) - 15 FROM t)`],
      [
        'grow and shrink',
        `INSERT INTO t(n, b) VALUES ('z', zeroblob(90000)); DELETE FROM t WHERE n = 'z'`,
      ],
      ['checkpoint', `UPDATE t SET n = n WHERE id = 1; PRAGMA wal_checkpoint(PASSIVE)`],
      ['restart', `PRAGMA wal_checkpoint(RESTART); UPDATE t SET n = 'r' WHERE id = ${at}`],
      ['truncate', 'PRAGMA wal_checkpoint(TRUNCATE)'],
      ['vacuum', 'VACUUM'],
      ['kill', ''],
      ['nothing', ''],
      ['rollback', `BEGIN; UPDATE t SET n = 'never', b = randomblob(1500); ROLLBACK`],
    ] as const);
    const [name, sql] = what;
    if (sql !== '') await this.session.exec(sql);
    if (name === 'kill') {
      await this.session.kill();
      this.session = await openSession(this.#lab.path(), 'PRAGMA journal_mode = WAL');
      await this.session.exec(`UPDATE t SET n = 'after' WHERE id = ${at}`);
    }
    return name;
  }
}
