/** The lab's app answers as the real Wishlist does; what is tried on it is worth no more than that. */
import { rmSync, truncateSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { checkWishlist } from '../wishlist-app/check-wishlist.ts';
import { startLabApp } from './start-lab-app.ts';

vi.setConfig({ testTimeout: 30_000 });

test('it serves its data, and leaves it whole', async () => {
  await using app = await startLabApp({ data: { items: 5 } });
  const { id, imageUrl } = await app.addItem('Café crème mug');
  expect((await app.items()).map((item) => item.id)).toContain(id);
  expect(await app.request(`/assets/${imageUrl}`)).toMatchObject({ status: 200 });
  await app.deleteItem(id);
  expect(await app.request(`/assets/${imageUrl}`)).toMatchObject({ status: 404 });
  expect(await app.request('/')).toMatchObject({ status: 307, location: '/login' });
  await app.request('/mail', { method: 'POST' });
  await vi.waitFor(() => expect(app.mails()).toEqual(['password reset']));
  await app.stop();
  expect(checkWishlist(app.root).problems).toEqual([]);
  expect(await app.loginStatus()).toBe(0);
});

test('its page for signing in tells what the database is worth', async () => {
  await using app = await startLabApp({ running: false, unit: { startLimitBurst: 99 } });
  const { database } = app.folders;
  const answerAfter = async (change: () => void) => {
    await app.stop();
    change();
    await app.start();
    await vi.waitFor(async () => expect(await app.loginStatus()).not.toBe(0), { timeout: 10_000 });
    return app.request('/login');
  };
  expect(await answerAfter(() => {})).toMatchObject({ status: 200 });
  const newer = () => {
    const db = new DatabaseSync(database);
    db.exec(
      `UPDATE _prisma_migrations SET migration_name = '29990101000000_newer' WHERE rowid = 1`,
    );
    db.close();
  };
  expect(await answerAfter(newer)).toMatchObject({ status: 500 });
  const knowing = () => app.setApp({ knownMigration: '29990101000000_newer' });
  expect(await answerAfter(knowing)).toMatchObject({ status: 200 });
  const noUsers = () => {
    const db = new DatabaseSync(database);
    db.exec('PRAGMA foreign_keys = OFF; DELETE FROM user');
    db.close();
  };
  expect(await answerAfter(noUsers)).toMatchObject({ status: 302, location: '/setup-wizard' });
  expect(await answerAfter(() => truncateSync(database, 0))).toMatchObject({ status: 500 });
  expect(await answerAfter(() => rmSync(database))).toMatchObject({ status: 500 });
  expect(await answerAfter(() => app.setApp({ sick: 503 }))).toMatchObject({ status: 503 });
});

test('with Restart=always it comes back after a kill, and stays away after a stop', async () => {
  await using app = await startLabApp();
  const pid = await app.pid();
  await app.kill();
  await vi.waitFor(async () => expect(await app.pid()).not.toBe(pid), { timeout: 10_000 });
  await app.untilUp();
  await app.stop();
  expect([await app.state(), await app.pid()]).toEqual(['inactive', 0]);
});
