import { expect, test } from 'vitest';
import { snakeCase } from './snake-case.ts';

test('names are renamed at every depth, and values are not', () => {
  const fields = {
    rowCount: 1,
    tables: [{ lastFullReadAt: 'camelCase' }, null, 'plainText'],
    state: { mainFile: { inode: '1' } },
  };
  expect(snakeCase(fields)).toEqual({
    row_count: 1,
    tables: [{ last_full_read_at: 'camelCase' }, null, 'plainText'],
    state: { main_file: { inode: '1' } },
  });
});
