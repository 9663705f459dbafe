import { expect, test } from 'vitest';
import { canMeasureMemory, measure, measureAll } from './measure.ts';

const hold = (megabytes: number, rest = '') =>
  `globalThis.held = Buffer.alloc(${megabytes} << 20, 1); ${rest}; setTimeout(() => {}, 300)`;

test('a failing command throws with what it said', async () => {
  const argv = [process.execPath, '-e', `console.error('no disk'); process.exit(4)`];
  await expect(measure({ argv })).rejects.toThrow(/exit 4\nno disk/);
});

test('the times of the steps of one act add up', async () => {
  const argv = [process.execPath, '-e', 'setTimeout(() => {}, 100)'];
  expect((await measureAll([{ argv }, { argv }])).wallMs).toBeGreaterThan(200);
});

test.skipIf(!canMeasureMemory())(
  'memory is that of the whole tree, children included',
  async () => {
    const child = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hold(80))}])`;
    const argv = [process.execPath, '-e', hold(80, child)];
    const { peakPssBytes = 0 } = await measure({ argv }, { memory: true });
    expect(peakPssBytes / 2 ** 20).toBeGreaterThan(160);
    expect(peakPssBytes / 2 ** 20).toBeLessThan(300);
  },
);
