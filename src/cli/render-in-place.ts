/** What a change of the app in place says while it goes on, and in the end. */
import type { ChangeJournal } from '../operations/in-place/change-journal.ts';
import type { InPlaceEvent, InPlaceResult } from '../operations/in-place/in-place-input.ts';
import { isInRepository } from '../operations/in-place/kept-files.ts';
import { tellChange } from './change-news.ts';
import { RESTORE_WORDS } from './change-words.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';
import { salvageLines } from './salvage-text.ts';

export class InPlaceRenderer {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  take(event: InPlaceEvent): void {
    // No command is run again.
    if (event.kind === 'command' || event.kind === 'command-ended') return;
    tellChange(this.#output, event, RESTORE_WORDS);
  }

  finish(result: InPlaceResult): void {
    const output = this.#output;
    output.emit(summaryMessage(result));
    output.print(resultLine(result));
    for (const line of keptLines(result)) output.say(line);
  }
}

function summaryMessage(result: InPlaceResult): object {
  const { journal, health, downtimeMs, durationMs, keptIn, salvageable } = result;
  const { source, restorePoint, finalPoint, part, app, ended } = journal;
  return {
    message_type: 'summary',
    outcome: ended?.as,
    app: app.name,
    part,
    source_kind: source.kind,
    ...(source.kind === 'snapshot' && { snapshot_id: source.id }),
    ...(restorePoint?.kind === 'snapshot' && { restore_point: restorePoint.id }),
    health: health?.kind ?? 'not asked',
    ...(downtimeMs !== undefined && { own_downtime: downtimeMs / 1000 }),
    total_duration: durationMs / 1000,
    ...(finalPoint?.kind === 'snapshot' && { final_point: finalPoint.id }),
    kept_in: keptIn,
    ...(salvageable.length > 0 && { salvageable }),
  };
}

function resultLine({ journal, health, durationMs }: InPlaceResult): string {
  const { app, source, ended } = journal;
  const took = `(${seconds(durationMs)})`;
  if (ended?.as === 'undone') return `${app.name} has its old state again ${took}`;
  const what = nameOf(source);
  const well = health?.kind === 'healthy' ? ' and answers' : '';
  return `${app.name} has ${what}${well} ${took}`;
}

function nameOf(source: ChangeJournal['source']): string {
  if (source.kind === 'snapshot') return `snapshot ${source.id.slice(0, 8)}`;
  return source.kind === 'aside' ? 'its old state' : `its new state (${showName(source.what)})`;
}

export function keptUntil(journal: ChangeJournal): string {
  if (!isInRepository(journal)) return 'kept, because not all of it is in the repository';
  return journal.whole === undefined ? 'kept until the next backup' : 'kept for 7 days';
}

function keptLines({ journal, keptIn, salvageable }: InPlaceResult): string[] {
  const lines: string[] = [];
  if (keptIn.length > 0) {
    lines.push(`the old files are ${keptUntil(journal)}: ${keptIn.map(showName).join(', ')}`);
  }
  if (journal.ended?.as !== 'done') return lines;
  const came = uploadsThatCame(journal);
  if (came > 0) lines.push(`${count(came, 'missing upload')} that its rows name came back, too`);
  const point = [journal.finalPoint, journal.restorePoint].find((it) => it?.kind === 'snapshot');
  if (point?.kind === 'snapshot') {
    lines.push(`what was there before: snapshot ${point.id.slice(0, 8)} (restore point)`);
  }
  return [...lines, ...salvageLines(salvageable), 'to take it back: keepsake rollback'];
}

/** A folder that was missing as a whole counts as one. */
function uploadsThatCame({ roots }: ChangeJournal): number {
  return roots.filter(({ onlyIfMissing }) => onlyIfMissing === true).length;
}
