import type { Node } from '../format/node.ts';
import type { ItemAction } from './archive-counts.ts';

/**
 * New, changed or unmodified against the *parent snapshot*, told in the second pass, which itself
 * compares only with the first. Remembers what was not unmodified.
 */
export class ItemJudge {
  readonly #actions = new Map<string, ItemAction>();
  /** What the parent snapshot has of each database; the first pass leaves databases out. */
  readonly #databases = new Map<string, Node | undefined>();

  /** First pass: what the comparison with the parent says. */
  remember(path: string, action: ItemAction, node: Node): ItemAction {
    if (action === 'new' || (action === 'changed' && node.type !== 'dir')) {
      this.#actions.set(path, action);
    }
    return action;
  }

  rememberDatabase(path: string, previous: Node | undefined): void {
    this.#databases.set(path, previous);
  }

  /** Second pass: `action` compares with the draft of the first. */
  recall(path: string, action: ItemAction, node: Node): ItemAction {
    if (this.#databases.has(path)) return judgeDatabase(this.#databases.get(path), node);
    return this.#actions.get(path) ?? action;
  }
}

function judgeDatabase(previous: Node | undefined, { content }: Node): ItemAction {
  if (previous === undefined) return 'new';
  const before = previous.content ?? [];
  const same = before.length === content?.length && before.every((id, at) => id === content[at]);
  return same ? 'unmodified' : 'changed';
}
