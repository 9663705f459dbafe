import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLACE_NAME } from '../../src/operations/in-place/change-journal.ts';

/** Content by path relative to the app's root. */
export type AppTree = Readonly<Record<string, string>>;

export function readAppTree(root: string): AppTree {
  const found: Record<string, string> = {};
  readTree(root, '', found);
  return found;
}

function readTree(root: string, below: string, found: Record<string, string>): void {
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    if (PLACE_NAME.test(entry.name)) continue;
    const path = join(below, entry.name);
    if (entry.isDirectory()) readTree(root, path, found);
    else found[path] = readFileSync(join(root, path), 'latin1');
  }
}

/** The files of every place beside the app. */
export function keptFiles(root: string): string[] {
  const found: Record<string, string> = {};
  for (const name of readdirSync(root)) {
    if (PLACE_NAME.test(name)) readTree(join(root, name), '', found);
  }
  return Object.values(found);
}

/** Whose content is neither in the app nor in any place beside it. */
export function lostFiles(root: string, before: AppTree): string[] {
  const kept = new Set([...Object.values(readAppTree(root)), ...keptFiles(root)]);
  return Object.keys(before).filter((path) => !kept.has(before[path] ?? ''));
}
