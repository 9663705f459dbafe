/** What is said over the lab's port: argv of its programs, or a JSON object of the lab itself. */
import type { ContainerSpec } from './fake-docker.ts';
import type { UnitSpec } from './fake-unit.ts';
import type { ProgramAnswer } from './program-answer.ts';

export interface LabSpec {
  /** Stands for `/`: unit files, masks and drop-ins lie below it. */
  readonly root: string;
  readonly port: number;
  readonly units: readonly UnitSpec[];
  readonly container: ContainerSpec | undefined;
}

export type LabRequest =
  | { readonly program: 'systemctl' | 'docker'; readonly argv: readonly string[] }
  | { readonly admin: 'calls' | 'kill' | 'pid' }
  | { readonly admin: 'trigger'; readonly socket: string }
  /** The next call of that program with that word in its argv gets this answer. */
  | { readonly admin: 'fault'; readonly word: string; readonly answer: ProgramAnswer };

/** Calls as `systemctl stop wishlist.service`. */
export type LabAnswer = ProgramAnswer & { readonly calls?: readonly string[] };

/**
 * A program for PATH that hands its argv over and ends as it is told. In bash, because Node takes ten
 * times as long to start, and it is started a lot.
 */
export function clientProgram(program: 'systemctl' | 'docker', port: number): string {
  return `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 1
printf '%s\\0' ${program} "$@" >&3
printf '\\n' >&3
while IFS= read -r line <&3; do
  case $line in
    o*) printf '%s\\n' "\${line#o}" ;;
    e*) printf '%s\\n' "\${line#e}" >&2 ;;
    x*) exit "\${line#x}" ;;
  esac
done
exit 1
`;
}

/** What the client reads: a letter a line that says what it is, the exit code last. */
export function encodeForClient({ stdout = '', stderr = '', exitCode }: ProgramAnswer): string {
  const lines = (letter: string, text: string) =>
    text === ''
      ? []
      : text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `${letter}${line}\n`);
  return [...lines('e', stderr), ...lines('o', stdout), `x${exitCode}\n`].join('');
}
