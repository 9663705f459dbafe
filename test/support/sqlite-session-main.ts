/** A program with one open database: runs the SQL it is sent, and holds what that SQL holds. */
import { DatabaseSync } from 'node:sqlite';

const [path = ''] = process.argv.slice(2);
const database = new DatabaseSync(path, { timeout: 5000 });

process.on('message', ({ sql, close }: { sql?: string; close?: boolean }) => {
  try {
    if (sql !== undefined) database.exec(sql);
    if (close === true) database.close();
    process.send?.({ ok: true });
  } catch (error) {
    process.send?.({ ok: false, message: String(error) });
  }
  if (close === true) process.disconnect();
});
process.on('disconnect', () => process.exit());
process.send?.({ ok: true });
