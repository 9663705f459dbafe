/** Rows of cells as aligned lines. A cell may hold several lines. */

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

type Cell = readonly string[];

export function* textTable(columns: readonly Column[], rows: readonly Cell[][]): Generator<string> {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.flatMap((row) => (row[at] ?? []).map(({ length }) => length))),
  );
  const line = (cells: readonly string[]) => formatLine(columns, widths, cells);
  yield line(columns.map(({ title }) => title));
  yield widths.map((width) => '-'.repeat(width)).join('  ');
  for (const row of rows) {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    for (let at = 0; at < height; at += 1) yield line(row.map((cell) => cell[at] ?? ''));
  }
}

function formatLine(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly string[],
): string {
  const padded = columns.map(({ align }, at) => {
    const [cell = '', width = 0] = [cells[at], widths[at]];
    return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}
