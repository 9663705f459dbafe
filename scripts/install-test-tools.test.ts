import { expect, test } from 'vitest';
import { explainMissing, installTools } from './install-test-tools.ts';

test('with everything there, nothing is done', () => {
  expect(installTools([{ program: 'cat', debianPackage: 'coreutils' }])).toBe(true);
});

test('what is missing is said as the line to type', () => {
  const tools = [
    { program: 'restic', debianPackage: 'restic' },
    { program: 'setfattr', debianPackage: 'attr' },
  ];
  expect(explainMissing(tools)).toBe(
    'Missing: restic, setfattr. Install with: sudo apt-get install restic attr',
  );
});
