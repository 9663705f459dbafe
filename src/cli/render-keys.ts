import type { DescribedKey } from '../operations/keys.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { textTable } from './text-table.ts';

const COLUMNS = [{ title: ' ID' }, { title: 'User' }, { title: 'Host' }, { title: 'Created' }];

/** `--json` gives restic's array; a line for each damaged file follows it. */
export function renderKeys(output: Output, keys: readonly DescribedKey[]): void {
  const rows: string[][][] = [];
  const messages: object[] = [];
  for (const { name, key, isCurrent } of keys) {
    if (key === undefined) continue;
    const { username, hostname } = key;
    const created = localTime(key.created);
    const id = `${isCurrent ? '*' : ' '}${name.slice(0, 8)}`;
    rows.push([[id], [showName(username)], [showName(hostname)], [created]]);
    const who = { userName: username, hostName: hostname };
    messages.push({ current: isCurrent, id: name, ...who, created });
  }
  for (const line of textTable(COLUMNS, rows)) output.print(line);
  output.emit(messages);
  for (const { name, problem } of keys) {
    if (problem === undefined) continue;
    output.emit({ message_type: 'error', error: { message: problem }, during: 'keys', item: name });
    output.warn(`${output.style('red', 'error:')} ${problem}`);
    output.warn(`  To remove it: keepsake key remove ${name.slice(0, 8)}`);
  }
}
