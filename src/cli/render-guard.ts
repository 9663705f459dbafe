/** What `guard` and `update` say: the plan, each step, and how it ended. */
import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { ResolvedApp } from '../config/resolve-app.ts';
import type { RunStep } from '../monitor/run-record.ts';
import type { GuardPlan, Leftover, ProtectedPath } from '../operations/in-place/guard-input.ts';
import type { InPlaceEvent, InPlaceResult } from '../operations/in-place/in-place-input.ts';
import { tellChange } from './change-news.ts';
import { GUARD_WORDS } from './change-words.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';
import { placeMessage, printNotes, spaceLine } from './plan-parts.ts';
import { keptUntil } from './render-in-place.ts';

export function printGuardPlan(output: Output, plan: GuardPlan): void {
  output.emit(planMessage(plan));
  for (const line of planLines(plan)) output.print(line);
  printNotes(output, plan.notes);
  for (const leftover of plan.leftovers) {
    output.print(output.style('yellow', `warning: ${leftoverLine(leftover)}`));
  }
}

function planLines(plan: GuardPlan): string[] {
  const { kind, app, version, paths, places, steps, service, healthUrl } = plan;
  return [
    `${kind} of ${app.name}${version === undefined ? '' : `: ${showName(version)}`}`,
    ...paths.filter(({ found }) => found !== undefined).map(pathLine),
    ...places.map((place) => spaceLine(place, `for ${showName(place.path)}`)),
    ...(service === undefined
      ? []
      : [`service   ${service.description}, ${service.state}: stopped, and as before in the end`]),
    ...steps.map(({ name, workingFolder }) => `run       ${showName(name)}  (${workingFolder})`),
    ...(healthUrl === undefined ? [] : [`health    ${healthUrl}; else all goes back`]),
  ];
}

function pathLine({ at, found, isWhole }: ProtectedPath): string {
  const { fileCount = 0, sizeBytes = 0 } = found ?? {};
  const how = isWhole ? ', with dependencies and build' : '';
  return `protect   ${showName(at)}: ${count(fileCount, 'file')}, ${formatBytes(sizeBytes)}${how}`;
}

export function leftoverLine({ path, sizeBytes }: Leftover): string {
  return `${showName(path)} (${formatBytes(sizeBytes)}) was left by some script. Keepsake does not remove such copies; they grow, and some scripts later put an old one back over newer data`;
}

function planMessage(plan: GuardPlan): object {
  const { kind, app, part, version, paths, places, steps, service, notes, leftovers } = plan;
  return {
    message_type: 'plan',
    kind,
    app: app.name,
    part,
    ...(version !== undefined && { version }),
    paths: paths.map(({ path, at, found, isWhole }) => ({
      path,
      at,
      ...(found !== undefined && { files: found.fileCount, size: found.sizeBytes }),
      whole: isWhole,
    })),
    places: places.map(placeMessage),
    steps: steps.map(({ name, workingFolder }) => ({ name, working_folder: workingFolder })),
    ...(service !== undefined && { service }),
    notes,
    leftovers: leftovers.map(({ path, sizeBytes }) => ({ path, size: sizeBytes })),
  };
}

export class GuardRenderer {
  /** What was done so far, for the history. */
  readonly steps: RunStep[] = [];
  readonly #output: Output;
  readonly #clock: Clock;
  #current: { name: string; sinceMs: number } | undefined;
  #exitCode: number | null | undefined;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  take(event: InPlaceEvent): void {
    switch (event.kind) {
      case 'command':
        this.#begin(event);
        return;
      case 'command-ended': {
        const { name, exitCode } = event;
        this.#exitCode = exitCode;
        this.#output.emit({ message_type: 'command_end', name, exit_code: exitCode });
        return;
      }
      case 'step':
        this.#next(event.direction === 'forward' ? event.step : `back: ${event.step}`);
        break;
      case 'judging':
        this.#next('judge');
        break;
      case 'progress':
      case 'warning':
    }
    tellChange(this.#output, event, GUARD_WORDS);
  }

  #begin({ name, number, of }: Extract<InPlaceEvent, { kind: 'command' }>): void {
    const output = this.#output;
    this.#next(name);
    output.say(of === 1 ? `running ${showName(name)}` : `${number}/${of} ${showName(name)}`);
    output.emit({ message_type: 'command', name, number, of });
  }

  #next(name: string | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#current !== undefined) {
      const { name: ended, sinceMs } = this.#current;
      this.steps.push({ name: ended, durationMs: nowMs - sinceMs });
    }
    this.#current = name === undefined ? undefined : { name, sinceMs: nowMs };
  }

  finish(result: InPlaceResult): void {
    const output = this.#output;
    this.#next(undefined);
    output.emit(this.#summary(result));
    const { journal, health, durationMs, keptIn } = result;
    const { app, kind, restorePoint } = journal;
    const well = health?.kind === 'healthy' ? ' and answers' : '';
    output.print(`the ${kind} of ${app.name} went well${well} (${seconds(durationMs)})`);
    if (restorePoint?.kind === 'snapshot') {
      output.say(`restore point: snapshot ${restorePoint.id.slice(0, 8)}`);
    }
    if (keptIn.length === 0) return;
    output.say(`the state before is ${keptUntil(journal)}: ${keptIn.map(showName).join(', ')}`);
    output.say('to take it back: keepsake rollback');
  }

  #summary({ journal, health, durationMs, keptIn }: InPlaceResult): object {
    const { app, kind, part, restorePoint, code } = journal;
    return {
      message_type: 'summary',
      outcome: 'done',
      app: app.name,
      kind,
      part,
      command_exit_code: this.#exitCode,
      ...(code !== undefined && { code_from: code.from, code_to: code.to }),
      ...(restorePoint?.kind === 'snapshot' && { restore_point: restorePoint.id }),
      health: health?.kind ?? 'not asked',
      total_duration: durationMs / 1000,
      kept_in: keptIn,
    };
  }

  /** The error itself is told apart. */
  fail({ name: app }: ResolvedApp, kind: GuardPlan['kind']): void {
    this.#next(undefined);
    this.#output.emit({
      message_type: 'summary',
      outcome: 'failed',
      app,
      kind,
      ...(this.#exitCode !== undefined && { command_exit_code: this.#exitCode }),
    });
  }
}
