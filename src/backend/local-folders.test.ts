import { expect, test } from 'vitest';
import { DurableFileLayer } from '../../test/support/durable-file-layer.ts';
import { makeFolders } from './local-folders.ts';

test('folders that several make at once are made once, and no one fails', async () => {
  const layer = new DurableFileLayer();
  const makers = Array.from({ length: 8 }, () => makeFolders(layer, '/cache/id/index/f0', 0o700));
  await Promise.all(makers);
  expect(await layer.readFolder('/cache/id/index')).toEqual(['f0']);
});
