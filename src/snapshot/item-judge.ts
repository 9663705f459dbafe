import { StringSet } from '../base/string-set.ts';
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
  readonly #new = new StringSet();
  readonly #changed = new StringSet();
  /** Of folders that differ so far: the first pass leaves the databases in them open. */
  readonly #parentFolders = new Map<string, Node>();
  /** What the parent snapshot has of each database; the first pass leaves databases out. */
  readonly #databases = new Map<string, Node | undefined>();

  /** First pass: `action` compares with the parent snapshot's `previous`. */
  remember({ path, action, node }: JudgedItem, previous: Node | undefined): ItemAction {
    if (action === 'changed' && node.type === 'dir' && previous !== undefined) {
      this.#parentFolders.set(path, previous);
    } else if (action === 'new') this.#new.add(path);
    else if (action === 'changed') this.#changed.add(path);
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
    return this.#decision(path) !== undefined;
  }

  /** Second pass: `action` compares with the draft of the first. */
  recall({ path, action, node }: JudgedItem): ItemAction {
    if (this.#databases.has(path)) return judgeDatabase(this.#databases.get(path), node);
    const folder = this.#parentFolders.get(path);
    if (folder !== undefined) return folder.subtree === node.subtree ? 'unmodified' : 'changed';
    return this.#decision(path) ?? action;
  }

  #decision(path: string): ItemAction | undefined {
    if (this.#new.has(path)) return 'new';
    return this.#changed.has(path) ? 'changed' : undefined;
  }
}

function judgeDatabase(previous: Node | undefined, node: Node): ItemAction {
  if (previous === undefined) return 'new';
  return sameContent(previous, node) ? 'unmodified' : 'changed';
}
