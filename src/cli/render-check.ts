import { formatBytes } from '../base/bytes.ts';
import type { CheckNews, CheckVerdict } from '../operations/check.ts';
import type { CheckPhase } from '../repository/check.ts';
import { describeProblem, isNote, type CheckProblem } from '../repository/check-problem.ts';
import { CheckRemedies } from '../repository/check-remedies.ts';
import { CheckDigest } from './check-digest.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';
import { snakeCase } from './snake-case.ts';

const PHASES: Record<CheckPhase, string> = {
  index: 'reading the index',
  packs: 'looking for all packs',
  data: 'reading packs',
  snapshots: 'following snapshots',
};

export class CheckRenderer {
  readonly #output: Output;
  readonly #remedies = new CheckRemedies();
  readonly #digest = new CheckDigest();
  #errorCount = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  take(event: CheckNews): void {
    switch (event.type) {
      case 'progress':
        this.#output.status(() => `${PHASES[event.phase]}: ${event.done} of ${event.total}`);
        break;
      case 'problem':
        this.#problem(event.problem);
        break;
      case 'summary':
        this.#errorCount = event.summary.errorCount;
        this.#summary(event.summary);
        break;
    }
  }

  #problem(problem: CheckProblem): void {
    const output = this.#output;
    const message = showName(describeProblem(inLocalTime(problem)));
    const note = isNote(problem);
    output.emit({ message_type: note ? 'note' : 'error', message, ...snakeCase(problem) });
    this.#remedies.add(problem);
    const isShown = this.#digest.admits(problem) || output.verbosity > 0;
    if (!isShown || (note && output.verbosity < 0)) return;
    output.warn(`${this.#label(note)} ${message}`);
  }

  #label(note: boolean): string {
    return note ? 'note:' : this.#output.style('red', 'error:');
  }

  #summary(summary: CheckVerdict): void {
    const output = this.#output;
    const remedies = this.#remedies.list();
    output.emit(summaryMessage(summary, remedies));
    if (output.verbosity <= 0) {
      for (const { isNote: note, line } of this.#digest.rest()) {
        if (!note || output.verbosity === 0) output.warn(`${this.#label(note)} ${line}`);
      }
    }
    const { errorCount, packsRead, packCount, bytesRead, snapshotCount, treeCount } = summary;
    output.say(
      `${count(snapshotCount, 'snapshot')}, ${count(treeCount, 'folder')}, ${count(packCount, 'pack')}; ` +
        (packsRead === 0
          ? 'no data was read (see --read-data)'
          : `${packsRead} of them read and decrypted (${formatBytes(bytesRead)})`),
    );
    if (errorCount === 0) output.print('no errors were found');
    else output.print(`${count(errorCount, 'error')} found. Nothing was changed.`);
    for (const line of wholeLines(summary)) output.print(line);
    const labels = ['next: ', ...remedies.slice(1).map(() => 'then: ')];
    for (const [at, remedy] of remedies.entries()) output.print(`${labels[at]}${remedy}`);
  }
}

function summaryMessage(summary: CheckVerdict, remedies: readonly string[]): object {
  const { newestWhole } = summary;
  return {
    message_type: 'summary',
    num_errors: summary.errorCount,
    num_notes: summary.noteCount,
    suggest_repair_index: remedies.some((it) => it.startsWith('keepsake repair index')),
    next: remedies,
    snapshots: summary.snapshotCount,
    snapshots_whole: summary.whole.length,
    ...(newestWhole !== undefined && { newest_whole: newestWhole.id }),
    folders: summary.treeCount,
    packs: summary.packCount,
    packs_read: summary.packsRead,
    bytes_read: summary.bytesRead,
  };
}

/** What can still be restored. */
function wholeLines(verdict: CheckVerdict): string[] {
  const { whole, snapshotCount, newestWhole, packsRead, errorCount } = verdict;
  if (errorCount === 0 || snapshotCount === 0) return [];
  if (newestWhole === undefined) {
    return [
      'no complete snapshot is whole as the index is now; what is whole of one can still be copied out:',
      '  keepsake restore ID --target DIR',
    ];
  }
  const depth = packsRead === 0 ? ', as far as was looked' : '';
  return [
    `whole${depth}: ${whole.length} of ${count(snapshotCount, 'snapshot')}; the newest complete one is of ${localTime(newestWhole.snapshot.time)}:`,
    `  keepsake restore ${newestWhole.id.slice(0, 8)}`,
  ];
}

/** As every other time that a person reads. */
function inLocalTime(problem: CheckProblem): CheckProblem {
  return problem.kind === 'snapshot-hurt' ? { ...problem, time: localTime(problem.time) } : problem;
}
