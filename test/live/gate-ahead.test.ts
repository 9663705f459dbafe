/** The gate that a backup starts while it still reads files, and what becomes of it. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Gate } from '../../src/sqlite/gate.ts';
import { archiveApp, nameInRow, openArchiveLab, runInApp } from '../support/archive-lab.ts';
import { untilGone } from '../support/until-gone.ts';

/** Process ids of the gates that are started from now on, in this test. */
function startedGates(): number[] {
  const ids: number[] = [];
  const start = Reflect.get(Gate.prototype, 'start') as (this: Gate) => void;
  const spy = vi.spyOn(Gate.prototype, 'start').mockImplementation(function note(this: Gate) {
    start.call(this);
    if (this.processId !== undefined) ids.push(this.processId);
  });
  onTestFinished(() => spy.mockRestore());
  return ids;
}

test('it is there before the first capture, and the capture goes through it', async () => {
  await using lab = await openArchiveLab();
  const gates = startedGates();
  let ahead: number | undefined;
  const { problems, manifest } = await archiveApp(lab, {
    gateAhead: true,
    beforeCapture: () => (ahead = gates[0]),
  });
  expect(ahead).toBeGreaterThan(0);
  expect(new Set(gates)).toEqual(new Set([ahead]));
  expect(problems).toEqual([]);
  expect(manifest.databases).toHaveLength(1);
  await untilGone(ahead);
});

test('a run that ends before its captures leaves none behind', async () => {
  await using lab = await openArchiveLab();
  const gates = startedGates();
  const ended = archiveApp(lab, {
    gateAhead: true,
    beforeCapture() {
      throw new Error('ends here');
    },
  });
  await expect(ended).rejects.toThrow('ends here');
  expect(gates).toHaveLength(1);
  await untilGone(gates[0]);
});

test('one that is killed while it waits costs nothing that the app has', async () => {
  await using lab = await openArchiveLab();
  runInApp(lab, nameInRow('a.txt'));
  const whole = await archiveApp(lab);
  const gates = startedGates();
  const hurt = await archiveApp(lab, {
    gateAhead: true,
    beforeCapture: () => process.kill(gates[0] ?? NaN, 'SIGKILL'),
  });
  // It may have been noticed in time; if not, it is said, and files are there all the same.
  const codes = hurt.problems.map(({ error }) => (error as { code?: string }).code);
  if (codes.length > 0) expect(codes).toEqual(['CAPTURE_GATE_DIED']);
  else expect(hurt.manifest.databases).toHaveLength(1);
  expect(hurt.files.get('uploads/a.txt')).toBe('first');
  const again = await archiveApp(lab, { gateAhead: true });
  expect(again.problems).toEqual([]);
  expect(again.manifest.databases[0]?.tables).toEqual(whole.manifest.databases[0]?.tables);
});
