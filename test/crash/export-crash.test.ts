/** `export`, killed at changes of the disk, on a disk that fills up, and on one that changes bytes. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemBackend } from '../../src/backend/mem-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import { writeDump } from '../../src/cli/dump-target.ts';
import { openExport } from '../../src/operations/export.ts';
import type { TarFormat } from '../../src/snapshot/tar-compression.ts';
import { damageFile } from '../support/app-lab.ts';
import { openBackupLab, type BackupLab } from '../support/backup-lab.ts';
import { DIES_AT_EACH, tellDeaths } from '../support/crash-steps.ts';
import { MortalFiles, type MortalPlan } from '../support/mortal-files.ts';
import { PASSWORD, selfFacts } from '../support/repository-lab.ts';

const reading = {
  repository: { location: 'lab:', password: PASSWORD },
  lock: 'none',
  lockWaitMs: 0,
  filter: {},
  wanted: 'latest',
} as const;
const OLD = 'what was there';

let lab: BackupLab;

beforeAll(async () => {
  lab = await openBackupLab({
    app: { items: 10, users: 3, noteWords: 4 },
    backend: createMemBackend(),
  });
  writeFileSync(join(lab.app.uploads, 'large'), systemRandom(1_500_000));
  await lab.backup({ subject: { paths: [lab.app.root] } });
});
afterAll(() => lab[Symbol.asyncDispose]());

type Tamper = (written: string) => void;

async function exportTo(target: string, format: TarFormat, tamper: Tamper = () => {}) {
  await using source = await openExport(lab.workbench(), { ...reading, format });
  const { self, random } = lab.workbench();
  const check = async (written: string): Promise<void> => {
    tamper(written);
    await source.verify(written);
  };
  await writeDump(target, source.bytes, { self, random, check });
}

async function mortally(folder: string, plan: MortalPlan | undefined, target: string) {
  using files = new MortalFiles(folder, plan);
  const outcome: unknown = await exportTo(target, 'tar.gz').catch((error: unknown) => error);
  return { calls: files.calls, outcome };
}

test('an export, cut off at any change of the disk, leaves the file old or new, and the next one nothing beside it', async () => {
  const folder = lab.join('exported');
  mkdirSync(folder);
  const target = join(folder, 'app.tar.gz');
  const { calls } = await mortally(folder, undefined, target);
  const whole = readFileSync(target);
  expect(calls).toBeGreaterThan(3);
  const sample = [1, 2, calls - 1, calls];
  const deaths = DIES_AT_EACH ? Array.from({ length: calls }, (_, n) => n + 1) : sample;
  tellDeaths('export', 4 * deaths.length);
  for (const moment of ['before', 'half', 'after', 'full'] as const) {
    for (const at of deaths) {
      writeFileSync(target, OLD);
      lab.self = { ...selfFacts, pid: 100 };
      const { outcome } = await mortally(folder, { at, moment }, target);
      const found = readFileSync(target);
      expect(found.equals(whole) || found.toString() === OLD, `${moment} ${at}`).toBe(true);
      if (moment === 'full' && outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: 'CLI_FILE_UNWRITABLE' });
        expect(readdirSync(folder)).toEqual(['app.tar.gz']);
      }
      lab.self = { ...selfFacts, pid: 101, isAlive: (pid: number) => pid === 101 };
      await exportTo(target, 'tar.gz');
      expect(readdirSync(folder)).toEqual(['app.tar.gz']);
      expect(readFileSync(target).equals(whole)).toBe(true);
    }
  }
});

test.each(['tar', 'tar.gz', 'tar.zst'] as const)(
  'a disk on which a %s archive reads otherwise than it was written gives no archive',
  async (format) => {
    const folder = lab.join(`rotten-${format}`);
    mkdirSync(folder);
    const target = join(folder, 'app');
    const rot: Tamper = (written) => damageFile(written, { from: 0.5, to: 0.501 });
    const cut: Tamper = (written) =>
      writeFileSync(written, readFileSync(written).subarray(0, -700));
    for (const tamper of [rot, cut]) {
      await expect(exportTo(target, format, tamper)).rejects.toMatchObject({
        code: 'EXPORT_READ_BACK',
      });
      expect(readdirSync(folder)).toEqual([]);
    }
    await exportTo(target, format);
    expect(readdirSync(folder)).toEqual(['app']);
  },
);
