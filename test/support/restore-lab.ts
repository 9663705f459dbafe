import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Node } from '../../src/format/node.ts';
import type { RestoreEvent, RestoreOptions } from '../../src/snapshot/restore-options.ts';
import { restoreSnapshot } from '../../src/snapshot/restore.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { fileNode, folderNode, treeOf, type NodeFields } from './tree-builder.ts';

/** For each test of the file an empty store and a target that does not exist yet. */
export function useRestoreLab() {
  let scratch = '';
  const lab = {
    store: new MemoryBlobStore(),
    get scratch(): string {
      return scratch;
    },
    get target(): string {
      return join(scratch, 'target');
    },
    /** Below the target. */
    at: (path: string) => join(lab.target, path),
    file: (name: string, chunks: (string | Uint8Array)[], fields?: NodeFields) =>
      fileNode(lab.store, name, chunks, fields),
    folder: (name: string, children: Node[], fields?: NodeFields) =>
      folderNode(lab.store, name, children, fields),
    restore: async (children: Node[], options: Partial<RestoreOptions> = {}) => {
      const { store, target } = lab;
      const treeId = treeOf(store, children);
      return sorted(
        await Array.fromAsync(restoreSnapshot({ reader: store, treeId, target, ...options })),
      );
    },
  };
  beforeEach(() => {
    lab.store = new MemoryBlobStore();
    scratch = mkdtempSync(join(tmpdir(), 'keepsake-restore-'));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true });
  });
  return lab;
}

function sorted(events: readonly RestoreEvent[]) {
  const last = events.at(-1);
  if (last?.kind !== 'summary') throw new Error('the last event is not the summary');
  return {
    totals: last.totals,
    errors: events.flatMap((event) => (event.kind === 'error' ? [event] : [])),
    warnings: events.flatMap((event) => (event.kind === 'warning' ? [event] : [])),
    actions: Object.fromEntries(
      events.flatMap((event) => (event.kind === 'item' ? [[event.path, event.action]] : [])),
    ),
  };
}
