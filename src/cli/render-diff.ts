import { formatBytes } from '../base/bytes.ts';
import type { DiffNews } from '../operations/diff.ts';
import { databaseLabel } from './database-label.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';
import { changesMessage } from './snapshot-counts-text.ts';

type Statistics = Extract<DiffNews, { kind: 'statistics' }>;
type Counts = Extract<DiffNews, { kind: 'counts' }>;

const COLORS = { '+': 'green', '-': 'red' } as const;

export class DiffRenderer {
  readonly #output: Output;
  #databases: ReadonlySet<string> = new Set();
  #beforeId = '';
  #afterId = '';
  #problemCount = 0;
  #changeCount = 0;
  /** Printed with the totals. */
  readonly #countLines: string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  take(event: DiffNews): void {
    switch (event.kind) {
      case 'snapshots':
        this.#databases = new Set(event.databases);
        this.#beforeId = event.beforeId;
        this.#afterId = event.afterId;
        this.#output.say(
          `from snapshot ${event.beforeId.slice(0, 8)} to ${event.afterId.slice(0, 8)}:`,
        );
        break;
      case 'change':
        this.#change(event);
        break;
      case 'problem':
        this.#problem(event);
        break;
      case 'counts':
        this.#counts(event);
        break;
      case 'statistics':
        this.#statistics(event);
        break;
    }
  }

  #change({ path, modifier }: Extract<DiffNews, { kind: 'change' }>): void {
    const output = this.#output;
    this.#changeCount += 1;
    output.emit({ message_type: 'change', path, modifier });
    // New rows change a database and none of its times as long as they are in the -wal: no bit rot.
    const letters = this.#databases.has(path) ? modifier.replace('?', '') : modifier;
    const line = `${letters.padEnd(5)}${showName(path)}`;
    const color = COLORS[modifier as '+' | '-'] as 'green' | 'red' | undefined;
    output.print(color === undefined ? line : output.style(color, line));
  }

  #problem({ path, error }: Extract<DiffNews, { kind: 'problem' }>): void {
    const output = this.#output;
    const { message, hint } = error;
    this.#problemCount += 1;
    output.emit({ message_type: 'error', error: { message }, during: 'diff', item: path });
    output.warn(`${output.style('red', 'error:')} ${message}`);
    output.warn(`  ${hint}`);
  }

  #counts({ uncounted, tables, folders }: Counts): void {
    const output = this.#output;
    output.emit({ message_type: 'counts', uncounted, ...changesMessage({ tables, folders }) });
    this.#countLines.push(...countLines({ uncounted, tables, folders }));
  }

  #statistics({ changedFiles, added, removed }: Statistics): void {
    const output = this.#output;
    output.emit({
      message_type: 'statistics',
      source_snapshot: this.#beforeId,
      target_snapshot: this.#afterId,
      changed_files: changedFiles,
      added,
      removed,
    });
    if (this.#changeCount === 0) output.say('nothing differs');
    output.say('');
    for (const line of this.#countLines) output.say(line);
    output.say(`files    ${added.files} new, ${removed.files} removed, ${changedFiles} changed`);
    output.say(`folders  ${added.dirs} new, ${removed.dirs} removed`);
    if (added.others + removed.others > 0) {
      output.say(`others   ${added.others} new, ${removed.others} removed`);
    }
    const only = (bytes: number, blobs: number) =>
      `${formatBytes(bytes)} in ${count(blobs, 'blob')}`;
    output.say(
      `data     ${only(added.bytes, added.data_blobs + added.tree_blobs)} only in the second, ` +
        `${only(removed.bytes, removed.data_blobs + removed.tree_blobs)} only in the first`,
    );
  }
}

/** How many rows and files there were then, and after. */
function countLines({ uncounted, tables, folders }: Omit<Counts, 'kind'>): string[] {
  if (uncounted.length > 0) {
    const ids = uncounted.map((id) => id.slice(0, 8)).join(' and ');
    return [`rows     not known: snapshot ${ids} has no manifest`];
  }
  const label = databaseLabel(tables.map(({ database }) => database));
  const rows = tables.map(
    ({ database, table, before, after }) =>
      `rows     ${label(database)}${showName(table)}: ${before ?? 'none'} -> ${after ?? 'none'}`,
  );
  const none = 'rows     as many in each table in both';
  return [
    ...(rows.length === 0 ? [none] : rows),
    ...folders.map(
      ({ path, before, after }) =>
        `files    in ${showName(path)}: ${before ?? 'none'} -> ${after ?? 'none'}`,
    ),
  ];
}
