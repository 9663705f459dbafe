import type { LsEvent } from '../operations/ls.ts';
import { localTime } from '../base/local-time.ts';
import { longLine, nodeMessage } from './node-text.ts';
import { showName, type Output } from './output.ts';
import { snapshotMessage } from './snapshot-json.ts';

export class LsRenderer {
  readonly #output: Output;
  readonly #long: boolean;
  #problemCount = 0;

  constructor(output: Output, { long }: { long: boolean }) {
    this.#output = output;
    this.#long = long;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  take(event: LsEvent): void {
    const output = this.#output;
    switch (event.kind) {
      case 'snapshot':
        this.#snapshot(event);
        break;
      case 'node':
        output.emit(nodeMessage(event.path, event.node));
        output.print(this.#long ? longLine(event.path, event.node) : showName(event.path));
        break;
      case 'problem': {
        const { message, hint } = event.error;
        this.#problemCount += 1;
        output.emit({ message_type: 'error', error: { message }, during: 'ls', item: event.path });
        output.warn(`${output.style('red', 'error:')} ${message}`);
        output.warn(`  ${hint}`);
        break;
      }
    }
  }

  #snapshot({ stored, subfolder }: Extract<LsEvent, { kind: 'snapshot' }>): void {
    const message = snapshotMessage(stored);
    this.#output.emit({ ...message, message_type: 'snapshot', struct_type: 'snapshot' });
    const { id, snapshot } = stored;
    const within = subfolder === '/' ? '' : `, below ${showName(subfolder)}`;
    const paths = snapshot.paths.map(showName).join(', ');
    this.#output.say(
      `snapshot ${id.slice(0, 8)} of ${paths} at ${localTime(snapshot.time)} by ${showName(snapshot.hostname ?? '')}${within}:`,
    );
  }
}
