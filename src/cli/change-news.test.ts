import { expect, test } from 'vitest';
import { capturedOutput } from '../../test/support/captured-output.ts';
import type { InPlaceEvent } from '../operations/in-place/in-place-input.ts';
import { GuardRenderer } from './render-guard.ts';
import { InPlaceRenderer } from './render-in-place.ts';
import { RebuildRenderer } from './render-rebuild.ts';

const progress = { kind: 'progress', phase: 'copying', doneBytes: 4096 } as const;
const warning = { kind: 'warning', message: 'look\u001B[2J' } as const;

const renderers = {
  guard: ({ output, clock }: ReturnType<typeof capturedOutput>) => new GuardRenderer(output, clock),
  restore: ({ output }: ReturnType<typeof capturedOutput>) => new InPlaceRenderer(output),
  rebuild: ({ output }: ReturnType<typeof capturedOutput>) =>
    new RebuildRenderer(output, {} as ConstructorParameters<typeof RebuildRenderer>[1]),
};

test.each(Object.entries(renderers))(
  '%s tells its progress and warnings with --json',
  (_, make) => {
    const captured = capturedOutput({ json: true });
    const renderer = make(captured);
    captured.clock.advance(1000);
    renderer.take(progress);
    renderer.take(progress);
    renderer.take(warning);
    expect(captured.lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      { message_type: 'status', phase: 'copying', bytes_done: 4096 },
      { message_type: 'warning', message: 'look\\x1b[2J' },
    ]);
  },
);

test.each(Object.entries(renderers))(
  '%s tells its warnings on stderr without --json',
  (_, make) => {
    const captured = capturedOutput({ json: false });
    make(captured).take(warning);
    expect([captured.lines(), captured.asideLines()]).toEqual([[], ['warning: look\\x1b[2J']]);
  },
);

test('a guard and a restore name what each of them makes ready, and nothing on the way back', () => {
  const prepare: InPlaceEvent = { kind: 'step', step: 'prepare', direction: 'forward' };
  const probe: InPlaceEvent = { kind: 'step', step: 'probe', direction: 'back' };
  const linesOf = (name: 'guard' | 'restore') => {
    const captured = capturedOutput({ json: false });
    const renderer = renderers[name](captured);
    for (const event of [prepare, probe]) renderer.take(event);
    return captured.lines();
  };
  expect(linesOf('guard')).toEqual(['copying what goes back aside, while the app serves']);
  expect(linesOf('restore')).toEqual([
    'making the restored state ready beside it, and checking it',
  ]);
});
