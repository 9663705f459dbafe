import { expect, test } from 'vitest';
import { textTable } from './text-table.ts';

test('columns are as wide as their widest line, cells of several lines go on below', () => {
  const columns = [{ title: 'ID' }, { title: 'Size', align: 'right' as const }, { title: 'Paths' }];
  const rows = [
    [['abcdef'], ['1 B'], ['/a', '/longer/path']],
    [['b'], [], ['/c']],
  ];
  expect([...textTable(columns, rows)]).toEqual([
    'ID      Size  Paths',
    '------  ----  ------------',
    'abcdef   1 B  /a',
    '              /longer/path',
    'b             /c',
  ]);
});
