/** What `drill` says: the judgements of `verify`, then how the copy did, and the verdict. */
import { formatBytes } from '../base/bytes.ts';
import type { DrillOutcome, RecoveryEvidence } from '../operations/drill/drill-evidence.ts';
import type { DrillEvent, DrillResult } from '../operations/drill/drill-input.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';
import { VerifyRenderer } from './render-verify.ts';
import { snakeCase } from './snake-case.ts';

const MOST_LINES = 15;
const COLORS: Record<DrillOutcome, 'green' | 'red' | 'yellow'> = {
  proven: 'green',
  failed: 'red',
  inconclusive: 'yellow',
};

export class DrillRenderer {
  readonly #output: Output;
  readonly #verify: VerifyRenderer;

  constructor(output: Output) {
    this.#output = output;
    this.#verify = new VerifyRenderer(output);
  }

  take(event: DrillEvent): void {
    const output = this.#output;
    switch (event.kind) {
      case 'restoring':
        output.say(`restored by ${event.program}`);
        break;
      case 'recovered':
        this.#recovered(event.recovery);
        break;
      case 'starting':
        output.say(`starting a copy, asking ${event.url} for ${seconds(event.limitMs)} at most`);
        break;
      case 'note':
        output.warn(`note: ${showName(event.message)}`);
        output.emit({ message_type: 'note', message: event.message });
        break;
      case 'begin':
      case 'progress':
      case 'item-error':
      case 'judgement':
      case 'warning':
        this.#verify.take(event);
    }
  }

  #recovered({ commands, notRun, skipped }: RecoveryEvidence): void {
    const done = commands.filter(({ exitCode }) => exitCode === 0).length;
    const total = commands.length + notRun.length;
    const steps = skipped.map(({ step }) => step).join(', ');
    const left = steps === '' ? '' : `; left out: ${steps}`;
    this.#output.say(`recovery sheet: ${done} of ${count(total, 'command')} went well${left}`);
  }

  finish(result: DrillResult): void {
    const output = this.#output;
    output.emit(summaryMessage(result));
    for (const line of pageLines(result)) output.say(line);
    const last = result.lastLines.slice(-MOST_LINES);
    if (last.length > 0) output.print('the last the copy wrote:');
    for (const line of last) output.print(`  ${showName(line)}`);
    if (result.proofFailure !== undefined) {
      output.warn(`warning: the proof is not in the repository: ${showName(result.proofFailure)}`);
    }
    output.print(output.style([COLORS[result.outcome], 'bold'], verdictLine(result)));
    for (const line of NEXT[result.outcome]) output.print(line);
  }
}

const NEXT: Record<DrillOutcome, readonly string[]> = {
  proven: [],
  failed: [
    'next: keepsake check --read-data tells whether the repository is damaged;',
    '      an older snapshot may be well: keepsake snapshots, keepsake drill ID',
  ],
  inconclusive: ['next: remove the cause and drill again; until then the snapshot is not proven'],
};

function pageLines({ evidence }: DrillResult): string[] {
  const { page, isolation } = evidence;
  if (page === undefined) return [];
  const { path, status, sizeBytes } = page;
  const without = isolation?.network === true ? 'no network' : 'NOT kept from the network';
  return [`ok      page          ${path}: ${status}, ${formatBytes(sizeBytes)}; ${without}`];
}

function verdictLine({ stored, outcome, evidence, totals, durationMs }: DrillResult): string {
  const id = stored.id.slice(0, 8);
  const { restore, verify, start = 0 } = evidence.seconds;
  if (outcome === 'proven') {
    const stages = `restored in ${restore} s, verified in ${verify} s, up in ${start} s`;
    return `proven: snapshot ${id}, ${count(totals.rowCount, 'row')}, ${count(totals.fileCount, 'file')}; ${stages}`;
  }
  const verdict = outcome === 'failed' ? 'NOT proven' : 'inconclusive';
  return `${verdict}: snapshot ${id}: ${showName(evidence.reason ?? '')} (${seconds(durationMs)})`;
}

function summaryMessage({ evidence, proofId, proofFailure, durationMs }: DrillResult): object {
  return {
    message_type: 'summary',
    ...snakeCase(evidence),
    snapshot_id: evidence.snapshot,
    ...(proofId !== undefined && { proof_id: proofId }),
    ...(proofFailure !== undefined && { proof_failure: proofFailure }),
    total_duration: durationMs / 1000,
  };
}
