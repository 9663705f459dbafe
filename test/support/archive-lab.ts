/** An app that is archived while it changes: at which moment, and what the walk tells of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeTree } from '../../src/format/tree.ts';
import { openBackupSource, whatToLookAt } from '../../src/operations/backup-source.ts';
import type { ArchiveResult, ArchiveSource } from '../../src/snapshot/archive-options.ts';
import { archive } from '../../src/snapshot/archive.ts';
import { LookAhead } from '../../src/source/look-ahead.ts';
import type { SourceEntry } from '../../src/source/source.ts';
import { CaptureAhead } from '../../src/sqlite/capture-ahead.ts';
import { hastyClock, openBackupLab, readSnapshotFiles, type BackupLab } from './backup-lab.ts';

export interface Changes {
  /** After all files were looked at ahead, before the walk. Without it nobody looks ahead. */
  readonly afterLookAhead?: () => void;
  /** After the first pass, before the databases are captured. */
  readonly beforeCapture?: () => void;
  /** After the capture, before the files its rows name are looked for. */
  readonly beforeRescue?: () => void;
  /** After the capture, before the second pass. */
  readonly beforeSecondPass?: () => void;
  /** With a gate of its own, started while the files are read. */
  readonly gateAhead?: boolean;
  /** No folder is taken whole. */
  readonly eachFile?: boolean;
  readonly excludes?: readonly string[];
  /** What the walk tells, in its n-th pass (from 1). */
  readonly alter?: (entry: SourceEntry, pass: number) => readonly SourceEntry[];
}

export interface Archived extends ArchiveResult {
  /** Contents by path below the app's root. */
  readonly files: ReadonlyMap<string, string>;
  /** How often all files were looked at. */
  readonly passes: number;
  /** What was told of each path. */
  readonly told: ReadonlyMap<string, readonly string[]>;
}

export async function archiveApp(
  lab: BackupLab,
  changes: Changes = {},
  parent?: Archived,
): Promise<Archived> {
  const repository = await lab.open();
  const saver = repository.startWriting();
  mkdirSync(lab.scratch, { recursive: true });
  const subject = lab.subject();
  const beganAt = hastyClock.now();
  const ahead = await lookedAhead(lab, changes);
  let passes = 1;
  const told = new Map<string, string[]>();
  const result = await archive({
    store: repository,
    source: alteredSource(lab, { polynomial: repository.config.chunkerPolynomial, ahead }, changes),
    clock: hastyClock,
    beganAt,
    capture: {
      scratchFolder: lab.scratch,
      ...(changes.gateAhead === true ? { ahead: captureAhead(lab) } : { gate: lab.gate }),
    },
    configuredDatabases: subject.databases,
    references: subject.references,
    paths: subject.paths,
    about: { keepsakeVersion: '0', hostname: 'nas' },
    readers: 2,
    parent: parent && {
      ...parent,
      hasAllAttributes: true,
      trees: {
        load: async (id) => decodeTree(await repository.loadBlob('tree', id)),
        loadBytes: (id) => repository.loadTreeBytes(id),
      },
    },
    listener: {
      onPhase(phase) {
        if (phase === 'databases') changes.beforeCapture?.();
        if (phase !== 'changes') return;
        passes += 1;
        changes.beforeSecondPass?.();
      },
      onItem({ path, action }) {
        told.set(path, [...(told.get(path) ?? []), action]);
      },
    },
  });
  await saver.flush();
  const found = await readSnapshotFiles(repository, { ...result, folder: lab.app.root });
  const files = new Map(
    [...found].map(([path, { bytes }]) => [path, Buffer.from(bytes).toString()]),
  );
  return { ...result, files, passes, told };
}

function captureAhead({ scratch }: BackupLab): CaptureAhead {
  return new CaptureAhead({ scratchFolder: scratch, clock: hastyClock });
}

async function lookedAhead(lab: BackupLab, changes: Changes): Promise<LookAhead | undefined> {
  const { afterLookAhead } = changes;
  if (afterLookAhead === undefined) return undefined;
  const ahead = new LookAhead();
  await ahead.run(whatToLookAt(walkInput(lab, changes)));
  afterLookAhead();
  return ahead;
}

function walkInput(lab: BackupLab, { excludes = [] }: Changes) {
  const input = {
    subject: { ...lab.subject(), excludes },
    excludeCaches: false,
    oneFileSystem: false,
  };
  return input as unknown as Parameters<typeof openBackupSource>[0];
}

function alteredSource(
  lab: BackupLab,
  reading: { polynomial: bigint; ahead: LookAhead | undefined },
  changes: Changes,
): ArchiveSource {
  const source = openBackupSource(walkInput(lab, changes), { ...reading, own: [] });
  let pass = 0;
  return {
    look: async (...of) => (changes.eachFile === true ? undefined : source.look?.(...of)),
    async *entries(options) {
      if (options.only === undefined) pass += 1;
      else changes.beforeRescue?.();
      for await (const entry of source.entries(options)) {
        yield* changes.alter?.(entry, pass) ?? [entry];
      }
    },
  };
}

export type ArchiveLab = BackupLab & { upload: (name: string) => string };

export async function openArchiveLab(): Promise<ArchiveLab> {
  const lab = await openBackupLab({ app: { items: 8, users: 3 } });
  const upload = (name: string) => join(lab.app.uploads, name);
  writeFileSync(upload('a.txt'), 'first');
  mkdirSync(upload('folder/deeper'), { recursive: true });
  writeFileSync(upload('folder/deeper/b.txt'), 'below');
  return Object.assign(lab, { upload });
}

/** One statement of the app. */
export function runInApp(lab: BackupLab, sql: string): void {
  const database = new DatabaseSync(lab.app.database);
  database.exec(sql);
  database.close();
}

export const nameInRow = (name: string) => `UPDATE items SET imageUrl = '${name}' WHERE id = 1`;
