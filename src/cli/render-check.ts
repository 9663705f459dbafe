import { formatBytes } from '../base/bytes.ts';
import type { CheckEvent, CheckPhase, CheckSummary } from '../repository/check.ts';
import { describeProblem, isNote, type CheckProblem } from '../repository/check-problem.ts';
import { CheckRemedies } from '../repository/check-remedies.ts';
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
  #errorCount = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  take(event: CheckEvent): void {
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
    const message = showName(describeProblem(problem));
    const note = isNote(problem);
    output.emit({ message_type: note ? 'note' : 'error', message, ...snakeCase(problem) });
    this.#remedies.add(problem);
    if (note && output.verbosity < 0) return;
    output.warn(`${note ? 'note:' : output.style('red', 'error:')} ${message}`);
  }

  #summary(summary: CheckSummary): void {
    const output = this.#output;
    const { errorCount, noteCount, packsRead, packCount, bytesRead, snapshotCount, treeCount } =
      summary;
    const remedies = this.#remedies.list();
    output.emit({
      message_type: 'summary',
      num_errors: errorCount,
      num_notes: noteCount,
      suggest_repair_index: remedies.some((it) => it.startsWith('keepsake repair index')),
      next: remedies,
      snapshots: snapshotCount,
      folders: treeCount,
      packs: packCount,
      packs_read: packsRead,
      bytes_read: bytesRead,
    });
    output.say(
      `${count(snapshotCount, 'snapshot')}, ${count(treeCount, 'folder')}, ${count(packCount, 'pack')}; ` +
        (packsRead === 0
          ? 'no data was read (see --read-data)'
          : `${packsRead} of them read and decrypted (${formatBytes(bytesRead)})`),
    );
    if (errorCount === 0) output.print('no errors were found');
    else output.print(`${count(errorCount, 'error')} found. Nothing was changed.`);
    const labels = ['next: ', ...remedies.slice(1).map(() => 'then: ')];
    for (const [at, remedy] of remedies.entries()) output.print(`${labels[at]}${remedy}`);
  }
}
