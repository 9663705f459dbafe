import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { createScratchImage } from './scratch-image.ts';

test('a scratch folder that somebody removed is named, not taken for a bug', async () => {
  await using folder = await tempFolder();
  const gone = folder.join('run-1');
  await expect(createScratchImage(gone)).rejects.toMatchObject({
    code: 'SCRATCH_LOST',
    details: { folder: gone, reason: expect.stringContaining('ENOENT') },
  });
});
