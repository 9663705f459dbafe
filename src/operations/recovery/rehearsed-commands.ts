/**
 * The recovery sheet's lines as a drill runs them: the printed text, and where something else stands
 * in its place, both. A drill shows by this that the paper in the drawer works.
 */
import { assertInternal } from '../../base/errors/keepsake-error.ts';
import { quoteForShell } from '../../base/shell-quote.ts';
import {
  recoveryCommands,
  type RecoveryStep,
  type RecoveryStepName,
  type RecoverySubject,
  type RehearsalPlaces,
} from './recovery-commands.ts';

/** One whole command of the shell, of a line or more. */
export interface RehearsedCommand {
  readonly step: RecoveryStepName;
  /** As it is run. */
  readonly text: string;
  /** As it stands on the sheet, where that is another text. */
  readonly printed?: string;
}

export interface SkippedStep {
  readonly step: RecoveryStepName;
  readonly reason: string;
}

export interface Rehearsal {
  readonly commands: readonly RehearsedCommand[];
  readonly skipped: readonly SkippedStep[];
}

interface RehearsalOptions {
  readonly places: RehearsalPlaces;
  /** In place of the sheet's, which is not on this machine. */
  readonly passwordFile?: string | undefined;
  /** Steps that a drill leaves out. */
  readonly skip: readonly SkippedStep[];
}

/** @param subject what the sheet is printed of */
export function rehearsedCommands(
  subject: RecoverySubject,
  { places, passwordFile = subject.passwordFile, skip }: RehearsalOptions,
): Rehearsal {
  const printed = recoveryCommands(subject);
  const run = recoveryCommands({ ...subject, passwordFile, rehearsal: places });
  const skipped = skip.filter(({ step }) => printed.some(({ name }) => name === step));
  const commands = printed.flatMap((step, at) => {
    if (skipped.some((left) => left.step === step.name)) return [];
    const own = commandsOf(run[at]);
    const sheet = commandsOf(step);
    assertInternal(
      own.length === sheet.length,
      `the step ${step.name} is run as it is not printed`,
    );
    return sheet.map((text, index): RehearsedCommand => {
      const runs = own[index] ?? text;
      return { step: step.name, text: runs, ...(runs !== text && { printed: text }) };
    });
  });
  return { commands, skipped };
}

/** What is indented, and what ends a loop, belongs to the line before. */
function commandsOf(step: RecoveryStep | undefined): string[] {
  const commands: string[] = [];
  for (const line of step?.lines ?? []) {
    const last = commands.length - 1;
    const goesOn = line.startsWith(' ') || line === 'done';
    if (goesOn && last >= 0) commands[last] += `\n${line}`;
    else commands.push(line);
  }
  return commands;
}

/** When each began, and how it ended. */
export interface CommandOutcome {
  /** `null`: it was killed. */
  readonly exitCode: number | null;
  readonly seconds: number;
}

/**
 * For `sh -eu`: the commands one after the other, and between them notes in `notesFile` of how far it
 * got, for `decodeNotes`.
 */
export function rehearsalScript(commands: readonly RehearsedCommand[], notesFile: string): string {
  const lines = [
    `exec 9> ${quoteForShell(notesFile)}`,
    String.raw`keepsake_note() { printf '%s %s\n' "$1" "$(date +%s.%N)" >&9; }`,
    `trap 'keepsake_note "end:$?"' EXIT`,
    ...commands.flatMap(({ text }, at) => [`keepsake_note ${at}`, text]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Of each command that was begun; all but the last of them went well. */
export function decodeNotes(notes: string): CommandOutcome[] {
  const marks = [...notes.matchAll(/^(end:)?(\d+) (\d+(?:\.\d+)?)/gm)].map(
    ([, end, number, seconds]) => ({
      isEnd: end !== undefined,
      number: Number(number),
      seconds: Number(seconds),
    }),
  );
  return marks.flatMap(({ isEnd, seconds }, at): CommandOutcome[] => {
    if (isEnd) return [];
    const next = marks[at + 1];
    const took = Math.round(((next?.seconds ?? seconds) - seconds) * 1000) / 1000;
    return [{ exitCode: next === undefined ? null : next.isEnd ? next.number : 0, seconds: took }];
  });
}
