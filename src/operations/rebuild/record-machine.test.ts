import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { openBackupLab } from '../../../test/support/backup-lab.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { utf8Encode } from '../../base/bytes.ts';
import { parseConfig } from '../../config/load-config.ts';
import { resolveApp } from '../../config/resolve-app.ts';
import { loadManifest, loadSmallFile } from '../../snapshot/load-manifest.ts';
import { CONFIG_PATH } from '../../snapshot/manifest.ts';
import { recordMachine } from './record-machine.ts';

test('what the config names is noted: users other than root, their groups, the checkout, the layout', async () => {
  await using dir = await tempFolder();
  const config = dir.join('keepsake.yaml');
  const repo = dir.join('app/repo');
  mkdirSync(join(repo, '.git'), { recursive: true });
  mkdirSync(dir.join('app/data'));
  const commit = 'ab'.repeat(20);
  writeFileSync(join(repo, '.git/HEAD'), `${commit}\n`);
  writeFileSync(join(repo, 'package.json'), '{}');
  const text = `apps: { wishlist: { preset: wishlist, root: '${dir.join('app')}', owner: 'nobody:daemon', run-as: root } }`;
  writeFileSync(config, text);
  chmodSync(config, 0o640);
  const app = resolveApp(parseConfig(text, { fileName: config }), 'wishlist', {
    exists: (path) => [join(repo, 'package.json'), dir.join('app/data')].includes(path),
  });
  const { uid, gid } = userInfo();
  expect(recordMachine(app, config)).toEqual({
    config: { path: config, mode: 0o640, uid, gid },
    layout: 'own-user',
    users: [expect.objectContaining({ name: 'nobody', uid: 65_534, group: 'nogroup' })],
    groups: [{ name: 'daemon', gid: 1 }],
    code: { folder: repo, commit },
  });
});

test('the config is stored byte for byte beside the manifest, and costs nothing while it stays the same', async () => {
  await using lab = await openBackupLab({ app: { items: 3, users: 1 } });
  // Not UTF-8 throughout.
  const configBytes = Uint8Array.of(...utf8Encode('# caf'), 0xe9, ...utf8Encode('\r\napps: {}'));
  const config = { path: '/etc/keepsake/keepsake.yaml', mode: 0o600, uid: 0, gid: 0 };
  const origin = { configBytes, machine: { config, users: [], groups: [] } };
  await lab.backup({ origin });
  const { snapshotId = '', counts } = await lab.backup({ origin });
  // The manifest alone.
  expect(counts.dataBlobs).toBe(1);
  const repository = await lab.open();
  const { tree: rootTree } = (await repository.loadSnapshots({ onDamage: () => {} })).find(
    ({ id }) => id === snapshotId,
  )?.snapshot ?? { tree: '' };
  const stored = await loadSmallFile(repository, { rootTree, path: CONFIG_PATH });
  expect(Uint8Array.from(stored ?? [])).toEqual(configBytes);
  expect((await loadManifest(repository, rootTree))?.machine).toEqual(origin.machine);
});
