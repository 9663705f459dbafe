/** What a rebuild says while it goes on, and in the end: what is there, and what is left to do. */
import { formatBytes } from '../base/bytes.ts';
import type {
  RebuildEvent,
  RebuildPlan,
  RebuildResult,
  RebuildStep,
} from '../operations/rebuild/rebuild-input.ts';
import { tellCopying } from './change-news.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';

const STEPS: Record<RebuildStep, string> = {
  stage: 'making all of it ready, and checking it',
  accounts: 'users and owners',
  place: 'moving it into place',
  config: 'writing the config',
};

export class RebuildRenderer {
  readonly #output: Output;
  readonly #plan: RebuildPlan;

  constructor(output: Output, plan: RebuildPlan) {
    this.#output = output;
    this.#plan = plan;
  }

  take(event: RebuildEvent): void {
    const output = this.#output;
    switch (event.kind) {
      case 'rebuild-step':
        output.say(STEPS[event.step]);
        output.emit({ message_type: 'step', step: event.step });
        break;
      case 'progress':
      case 'warning':
        tellCopying(output, event);
    }
  }

  finish(result: RebuildResult): void {
    const { fileCount, sizeBytes, problems, leftToDo, durationMs } = result;
    const output = this.#output;
    const { app, stored } = this.#plan;
    output.emit({
      message_type: 'summary',
      outcome: problems.length === 0 ? 'ok' : 'partial',
      app: app.name,
      snapshot_id: stored.id,
      files: fileCount,
      bytes: sizeBytes,
      problems,
      left_to_do: leftToDo.map(({ what, lines }) => ({ what, commands: lines })),
      total_duration: durationMs / 1000,
    });
    const how = problems.length === 0 ? 'is rebuilt' : 'is rebuilt in part';
    output.print(
      `${app.name} ${how} from snapshot ${stored.id.slice(0, 8)}: ${count(fileCount, 'file')}, ${formatBytes(sizeBytes)} (${seconds(durationMs)})`,
    );
    for (const problem of problems) {
      output.print(output.style('yellow', `not done  ${showName(problem)}`));
    }
    output.print('left to do, in this order:');
    for (const [at, { what, lines }] of leftToDo.entries()) {
      output.print(`  ${at + 1}. ${showName(what)}`);
      for (const line of lines) output.print(`       ${line}`);
    }
  }
}
