/** `import`, killed at changes of the store, and with scratch on a disk that fills up. */
import { mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { labEnvironment, startIn } from '../support/running-keepsake.ts';
import { fileURLToPath } from 'node:url';
import { runProgramOk } from '../support/run-program.ts';
import { smallDisk } from '../support/small-disk.ts';
import { layOutWishlist } from '../support/wishlist-app/lay-out-wishlist.ts';

const MORTAL = fileURLToPath(new URL('../support/mortal-files-main.ts', import.meta.url));

let lab: CompatLab;
let archive: string;

beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(lab.join('scratch'));
  const { root } = layOutWishlist(lab.join('wishlist'), { users: 6, items: 200 });
  archive = lab.join('wishlist-20251101.tar.gz');
  await runProgramOk(['tar', '-czf', archive, '-C', root, '.']);
});
afterAll(() => lab[Symbol.asyncDispose]());

function snapshots(): string[] {
  return readdirSync(`${lab.repository}/snapshots`);
}

test.each([1, 3, 5, 7, 9])(
  'an import killed at its change no. %i of the repository leaves no snapshot',
  async (at) => {
    const env = {
      NODE_OPTIONS: `--import=${MORTAL}`,
      KEEPSAKE_TEST_DIES: `${lab.repository}|${at}|half`,
    };
    const run = startIn(lab, ['import', archive, '--root', '/srv/w'], { env });
    expect(await run.ended(), run.stderr()).toMatchObject({ exitCode: null, endedBy: 'SIGKILL' });
    expect(snapshots()).toEqual([]);
  },
);

test('after that the same import goes through, and the repository is sound', async () => {
  await lab.keepsake(['unlock', '--remove-all']);
  const { stdout } = await lab.keepsake(['import', archive, '--root', '/srv/w'], {
    env: labEnvironment(lab),
  });
  expect(stdout).toContain('imported 1 file');
  expect(snapshots()).toHaveLength(1);
  await lab.keepsake(['check', '--read-data']);
  expect(readdirSync(lab.join('scratch'))).toEqual([]);
});

test.skipIf(!requireRoot())('a full scratch disk is told, and nothing is imported', async () => {
  const scratch = lab.join('small');
  await using _disk = await smallDisk(scratch, '64k');
  const before = snapshots();
  const { stderr } = await lab.keepsake(['import', '--time', '2024-01-01', archive], {
    env: { ...labEnvironment(lab), KEEPSAKE_SCRATCH_DIR: scratch },
    exits: 1,
  });
  expect(stderr).toContain('ENOSPC');
  expect(snapshots()).toEqual(before);
});
