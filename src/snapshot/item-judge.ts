import type { Node } from '../format/node.ts';
import type { ItemAction } from './archive-counts.ts';
import { sameContent } from './same-node.ts';

export interface JudgedItem {
  readonly path: string;
  readonly action: ItemAction;
  readonly node: Node;
}

/**
 * New, changed or unmodified against the *parent snapshot*, told in the second pass, which itself
 * compares only with the first. Remembers what was not unmodified.
 */
export class ItemJudge {
  readonly #actions = new Map<string, ItemAction>();
  /** Of folders that differ so far: the first pass leaves the databases in them open. */
  readonly #parentFolders = new Map<string, Node>();
  /** What the parent snapshot has of each database; the first pass leaves databases out. */
  readonly #databases = new Map<string, Node | undefined>();

  /** First pass: `action` compares with the parent snapshot's `previous`. */
  remember({ path, action, node }: JudgedItem, previous: Node | undefined): ItemAction {
    if (action === 'changed' && node.type === 'dir' && previous !== undefined) {
      this.#parentFolders.set(path, previous);
    } else if (action !== 'unmodified') this.#actions.set(path, action);
    return action;
  }

  rememberDatabase(path: string, previous: Node | undefined): void {
    this.#databases.set(path, previous);
  }

  parentOfDatabase(path: string): Node | undefined {
    return this.#databases.get(path);
  }

  /** Whether the first pass had the last word on it. */
  isDecided(path: string): boolean {
    return this.#actions.has(path);
  }

  /** Second pass: `action` compares with the draft of the first. */
  recall({ path, action, node }: JudgedItem): ItemAction {
    if (this.#databases.has(path)) return judgeDatabase(this.#databases.get(path), node);
    const folder = this.#parentFolders.get(path);
    if (folder !== undefined) return folder.subtree === node.subtree ? 'unmodified' : 'changed';
    return this.#actions.get(path) ?? action;
  }
}

function judgeDatabase(previous: Node | undefined, node: Node): ItemAction {
  if (previous === undefined) return 'new';
  return sameContent(previous, node) ? 'unmodified' : 'changed';
}
