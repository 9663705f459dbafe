/** Results as JSON, a file a part, saved after every job, so that a run cut off is carried on. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartName } from './part-names.ts';

/** One run of the benchmark that added to a part. */
export interface Sitting {
  readonly startedAt: string;
  /** Of one minute. */
  readonly loadAverage: number;
  /** What other programs took of the processors just before, 0 to 1. */
  readonly busyShare: number;
  /** What it takes to create a small file; many times more when many were removed just before. */
  readonly createUs: number;
}

export interface SavedPart {
  readonly part: PartName;
  /** Hash of the built program: results of two builds are never mixed. */
  readonly build: string;
  readonly commit: string;
  readonly facts: readonly string[];
  readonly runs: number;
  readonly complete: boolean;
  readonly sittings: readonly Sitting[];
  /** By the job's key. */
  readonly entries: Readonly<Record<string, unknown>>;
}

export type Origin = Pick<SavedPart, 'build' | 'commit' | 'facts' | 'runs'>;

/** What was saved goes on if it is of the same build on the same machine; else all begins anew. */
export function mergeSaved(
  old: SavedPart | undefined,
  part: PartName,
  { origin, sitting }: { origin: Origin; sitting: Sitting },
): SavedPart {
  const goesOn =
    old !== undefined && old.build === origin.build && old.facts.join() === origin.facts.join();
  return {
    part,
    ...origin,
    runs: Math.max(origin.runs, goesOn ? old.runs : 0),
    complete: false,
    sittings: [...(goesOn ? old.sittings : []), sitting],
    entries: goesOn ? old.entries : {},
  };
}

export function withEntry(saved: SavedPart, key: string, value: unknown): SavedPart {
  return { ...saved, entries: { ...saved.entries, [key]: value } };
}

export function readPart(folder: string, part: PartName): SavedPart | undefined {
  const file = join(folder, `${part}.json`);
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as SavedPart;
}

export function writePart(folder: string, saved: SavedPart): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${saved.part}.json`);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(saved, null, 1)}\n`);
  renameSync(`${file}.tmp`, file);
}
