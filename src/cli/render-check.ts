import { formatBytes } from '../base/bytes.ts';
import type { CheckEvent, CheckPhase, CheckSummary } from '../repository/check.ts';
import {
  describeProblem,
  isNote,
  remedyFor,
  type CheckProblem,
} from '../repository/check-problem.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';

const PHASES: Record<CheckPhase, string> = {
  index: 'reading the index',
  packs: 'looking for all packs',
  data: 'reading packs',
  snapshots: 'following snapshots',
};

export class CheckRenderer {
  readonly #output: Output;
  readonly #remedies = new Set<string>();
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
    output.emit({ message_type: note ? 'note' : 'error', message, ...problem });
    if (note && output.verbosity < 0) return;
    output.warn(`${note ? 'note:' : output.style('red', 'error:')} ${message}`);
    const remedy = note ? undefined : remedyFor(problem);
    if (remedy !== undefined) this.#remedies.add(remedy);
  }

  #summary(summary: CheckSummary): void {
    const output = this.#output;
    const { errorCount, packsRead, packCount, bytesRead, snapshotCount, treeCount } = summary;
    output.emit({
      message_type: 'summary',
      num_errors: errorCount,
      suggest_repair_index: [...this.#remedies].some((it) =>
        it.startsWith('keepsake repair index'),
      ),
      ...summary,
    });
    output.say(
      `${count(snapshotCount, 'snapshot')}, ${count(treeCount, 'folder')}, ${count(packCount, 'pack')}; ` +
        (packsRead === 0
          ? 'no data was read (see --read-data)'
          : `${packsRead} of them read and decrypted (${formatBytes(bytesRead)})`),
    );
    if (errorCount === 0) output.print('no errors were found');
    else {
      output.print(`${count(errorCount, 'error')} found. Nothing was changed.`);
      for (const remedy of this.#neededRemedies()) {
        output.print(`  what can be saved, saves: ${remedy}`);
      }
    }
  }

  /** In the order in which they are to be typed: the index must be right before snapshots are. */
  #neededRemedies(): string[] {
    const sorted = [...this.#remedies].sort();
    return sorted.filter((it) => !sorted.some((other) => other.startsWith(`${it} `)));
  }
}
