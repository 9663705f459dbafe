/** What the demo tells: paragraphs, commands with what they said, and promises kept or broken. */
import { styleText } from 'node:util';
import type { ProgramResult } from '../test/support/run-program.ts';

export class DemoReport {
  readonly #startedAt = performance.now();
  #kept = 0;
  #broken = 0;

  get brokenCount(): number {
    return this.#broken;
  }

  say(...lines: string[]): void {
    console.log(`\n${lines.join('\n')}`);
  }

  command(argv: readonly string[], { stdout, stderr }: ProgramResult): void {
    console.log(`\n  ${styleText('bold', `$ ${argv.join(' ')}`)}`);
    for (const line of `${stdout}${stderr}`.trimEnd().split('\n')) console.log(`  ${line}`);
  }

  promise(promise: string, kept: boolean, facts = ''): void {
    if (kept) this.#kept += 1;
    else this.#broken += 1;
    const mark = kept ? styleText('green', 'kept  ') : styleText('red', 'BROKEN');
    console.log(`  ${mark} ${promise}${facts === '' ? '' : `: ${facts}`}`);
  }

  close(): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(0);
    const verdict =
      this.#broken === 0
        ? `All ${this.#kept} promises were kept`
        : `${this.#broken} of ${this.#kept + this.#broken} promises were broken`;
    this.say(`${verdict}, in ${seconds} s.`);
  }
}
