import { expect, test } from 'vitest';
import { entry } from '../src/base/errors/define-errors.ts';
import { renderErrorDocs } from './error-docs.ts';
import { findStalePages } from './generate-docs.ts';

test('the pages in docs/ say what the code says (else: npm run docs)', () => {
  expect(findStalePages()).toEqual([]);
});

test('an error is shown with its code, exit code, text and hint', () => {
  const STORE_AWAY = entry<{ where: string }>({
    exit: 22,
    retry: 'later',
    message: ({ where }) => `${where} does not answer`,
    hint: () => 'Nothing was lost.',
    example: { where: 'nas' },
  });
  expect(renderErrorDocs({ STORE_AWAY })).toContain(
    '### STORE_AWAY\n\nExit code 22 · worth trying again.\n\n> nas does not answer\n\nNothing was lost.',
  );
});
