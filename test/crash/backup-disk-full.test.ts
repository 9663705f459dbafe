import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemRandom } from '../../src/base/clock.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { smallDisk } from '../support/small-disk.ts';
import {
  labEnvironment,
  locksIn,
  scratchOf,
  temporaryFilesIn,
} from '../support/running-keepsake.ts';

const canMount = requireRoot();

function addFiles(lab: CompatLab, name: string, megabytes: number): void {
  for (let at = 0; at < megabytes; at += 1) {
    writeFileSync(join(lab.source, `${name}-${at}`), systemRandom(1_000_000));
  }
}

function addDatabase(lab: CompatLab): string {
  const path = join(lab.source, 'app.db');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(3000000))');
  database.close();
  return path;
}

async function backup(lab: CompatLab, exits: number, ...more: string[]) {
  return lab.keepsake(['backup', ...more], { exits, env: labEnvironment(lab) });
}

test.skipIf(!canMount)(
  'a repository disk that fills up: told as such, nothing half-visible, and the next backup goes on',
  async () => {
    await using lab = await openCompatLab();
    await using disk = await smallDisk(lab.repository, '14m');
    await lab.initQuickly();
    addFiles(lab, 'first', 3);
    await backup(lab, 0, lab.source);
    addFiles(lab, 'more', 20);
    const { stderr } = await backup(lab, 1, '--pack-size', '4 MiB', lab.source);
    expect(stderr).toMatch(/^keepsake: no room in .*: the disk is full \(ENOSPC\)$/m);
    expect(stderr).toContain('The partial file was removed');
    expect(temporaryFilesIn(lab.repository)).toEqual([]);
    expect(locksIn(lab)).toEqual([]);
    expect(scratchOf(lab)).toEqual([]);
    expect(readdirSync(join(lab.repository, 'snapshots'))).toHaveLength(1);
    await lab.keepsake(['check', '--read-data']);
    await disk.resize('80m');
    await backup(lab, 0, lab.source);
    await lab.keepsake(['check', '--read-data']);
  },
);

test.skipIf(!canMount)(
  'a full scratch disk costs the database alone: partial, named, and nothing stays in scratch',
  async () => {
    await using lab = await openCompatLab();
    await lab.initQuickly();
    await using _ = await smallDisk(lab.join('scratch'), '2m');
    const database = addDatabase(lab);
    addFiles(lab, 'file', 1);
    const { stderr } = await backup(lab, 3, lab.source);
    expect(stderr).toContain(`is too small for a copy of ${database}`);
    expect(scratchOf(lab)).toEqual([]);
    expect(locksIn(lab)).toEqual([]);
    const { stdout } = await lab.keepsake(['ls', 'latest', '--tag', 'partial']);
    expect(stdout).toContain('file-0');
    // Copied as a plain file while its app writes, it would be torn.
    expect(stdout).not.toContain('app.db');
  },
);

test.skipIf(!canMount)(
  'a full scratch disk fails the backup of an app whose database is configured',
  async () => {
    await using lab = await openCompatLab();
    await lab.initQuickly();
    await using _ = await smallDisk(lab.join('scratch'), '2m');
    const database = addDatabase(lab);
    addFiles(lab, 'file', 1);
    const config = lab.join('keepsake.yaml');
    writeFileSync(
      config,
      `apps:\n  demo:\n    root: ${lab.source}\n    databases: [${database}]\n    files: [${lab.source}]\n`,
    );
    const { stderr } = await backup(lab, 1, '--config', config);
    expect(stderr).toContain(`is too small for a copy of ${database}`);
    expect(scratchOf(lab)).toEqual([]);
    rmSync(config);
  },
);
