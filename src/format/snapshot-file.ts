/**
 * A snapshot file: the state of some paths at one moment. Unpacked (`unpacked.ts`) JSON, compact,
 * in this order; fields marked ? are omitted when empty or 0:
 *
 *   time        RFC 3339 with nanoseconds       excludes?         list of patterns
 *   parent?     snapshot id                     tags?             list
 *   tree        tree blob id                    original?         snapshot id, before tags changed
 *   paths       list, absolute                  program_version?  "restic 0.19.1"
 *   hostname?   username?                       summary?          see SUMMARY_COUNTS
 *   uid?        gid?
 *
 * A snapshot's id is the SHA-256 of its file, so what is read is kept as it was: times as text,
 * fields of later versions as their JSON text, written again after the known ones.
 * Source: restic doc/design.rst § Snapshots, internal/data/snapshot.go @ a80be14; `summary` since
 * 0.17, `program_version` since 0.15.
 */
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { JsonField, UINT32_MAX } from './json-fields.ts';
import { rawFields } from './json-members.ts';
import { encodeGoString } from './json-text.ts';

export interface Snapshot {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly parent?: string;
  readonly tree: string;
  readonly paths: readonly string[];
  readonly hostname?: string;
  readonly username?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly excludes?: readonly string[];
  readonly tags?: readonly string[];
  readonly original?: string;
  readonly programVersion?: string;
  readonly summary?: SnapshotSummary;
  /** Fields this version does not know: name → JSON text. */
  readonly unknownFields?: Readonly<Record<string, string>>;
}

export interface SnapshotSummary {
  readonly backupStart: string;
  readonly backupEnd: string;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Bytes before compression. */
  readonly dataAdded: number;
  /** Bytes as stored. */
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
  readonly unknownFields?: Readonly<Record<string, string>>;
}

type SummaryCount = Exclude<keyof SnapshotSummary, 'backupStart' | 'backupEnd' | 'unknownFields'>;

const WHAT = 'snapshot file';

/** All of them are always written, after `backup_start` and `backup_end`. */
const SUMMARY_COUNTS: readonly (readonly [json: string, name: SummaryCount])[] = [
  ['files_new', 'filesNew'],
  ['files_changed', 'filesChanged'],
  ['files_unmodified', 'filesUnmodified'],
  ['dirs_new', 'dirsNew'],
  ['dirs_changed', 'dirsChanged'],
  ['dirs_unmodified', 'dirsUnmodified'],
  ['data_blobs', 'dataBlobs'],
  ['tree_blobs', 'treeBlobs'],
  ['data_added', 'dataAdded'],
  ['data_added_packed', 'dataAddedPacked'],
  ['total_files_processed', 'totalFilesProcessed'],
  ['total_bytes_processed', 'totalBytesProcessed'],
];

const SUMMARY_FIELDS = new Set([
  'backup_start',
  'backup_end',
  ...SUMMARY_COUNTS.map(([json]) => json),
]);

const SNAPSHOT_FIELDS = new Set([
  'time',
  'parent',
  'tree',
  'paths',
  'hostname',
  'username',
  'uid',
  'gid',
  'excludes',
  'tags',
  'original',
  'program_version',
  'summary',
]);

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { summary, unknownFields } = snapshot;
  const fields = [
    textField('time', snapshot.time),
    optionalText('parent', snapshot.parent),
    textField('tree', snapshot.tree),
    `"paths":${encodeList(snapshot.paths)}`,
    optionalText('hostname', snapshot.hostname),
    optionalText('username', snapshot.username),
    optionalNumber('uid', snapshot.uid),
    optionalNumber('gid', snapshot.gid),
    optionalList('excludes', snapshot.excludes),
    optionalList('tags', snapshot.tags),
    optionalText('original', snapshot.original),
    optionalText('program_version', snapshot.programVersion),
    summary === undefined ? undefined : `"summary":${encodeSummary(summary)}`,
    ...encodeUnknown(unknownFields),
  ];
  return utf8Encode(encodeObject(fields));
}

function encodeSummary(summary: SnapshotSummary): string {
  return encodeObject([
    textField('backup_start', summary.backupStart),
    textField('backup_end', summary.backupEnd),
    ...SUMMARY_COUNTS.map(([json, name]) => `"${json}":${summary[name]}`),
    ...encodeUnknown(summary.unknownFields),
  ]);
}

function encodeObject(fields: readonly (string | undefined)[]): string {
  return `{${fields.filter((field) => field !== undefined).join(',')}}`;
}

function textField(name: string, value: string): string {
  return `"${name}":${encodeGoString(value)}`;
}

function optionalText(name: string, value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : textField(name, value);
}

function optionalNumber(name: string, value: number | undefined): string | undefined {
  return value === undefined || value === 0 ? undefined : `"${name}":${value}`;
}

function optionalList(name: string, values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0
    ? undefined
    : `"${name}":${encodeList(values)}`;
}

function encodeList(values: readonly string[]): string {
  return `[${values.map(encodeGoString).join(',')}]`;
}

function encodeUnknown(fields: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(fields).map(([name, json]) => `${encodeGoString(name)}:${json}`);
}

export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const text = utf8Decode(bytes);
  const snapshot = JsonField.parseText(WHAT, text);
  const raw = rawFields(WHAT, text);
  const optional = <T>(name: string, key: string, read: (field: JsonField) => T) =>
    present(snapshot.get(name), key, read);
  return {
    time: snapshot.get('time').time(),
    ...optional('parent', 'parent', (field) => field.id()),
    tree: snapshot.get('tree').id(),
    paths: readTexts(snapshot.get('paths')),
    ...optional('hostname', 'hostname', (field) => field.text()),
    ...optional('username', 'username', (field) => field.text()),
    ...optional('uid', 'uid', (field) => field.integer(0, UINT32_MAX)),
    ...optional('gid', 'gid', (field) => field.integer(0, UINT32_MAX)),
    ...optional('excludes', 'excludes', readTexts),
    ...optional('tags', 'tags', readTexts),
    ...optional('original', 'original', (field) => field.id()),
    ...optional('program_version', 'programVersion', (field) => field.text()),
    ...optional('summary', 'summary', (field) => readSummary(field, raw.get('summary'))),
    ...unknownOf(raw, SNAPSHOT_FIELDS),
  };
}

function readSummary(summary: JsonField, text: string | undefined): SnapshotSummary {
  const counts = SUMMARY_COUNTS.map(([json, name]) => [
    name,
    summary.get(json).integer(0, Number.MAX_SAFE_INTEGER),
  ]);
  return {
    backupStart: summary.get('backup_start').time(),
    backupEnd: summary.get('backup_end').time(),
    ...(Object.fromEntries(counts) as Record<SummaryCount, number>),
    ...unknownOf(rawFields(WHAT, text ?? '{}'), SUMMARY_FIELDS),
  };
}

function present<T>(
  field: JsonField,
  key: string,
  read: (field: JsonField) => T,
): Record<string, T> {
  return field.isAbsent ? {} : { [key]: read(field) };
}

function readTexts(list: JsonField): string[] {
  return list.items().map((item) => item.text());
}

function unknownOf(
  raw: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): { unknownFields?: Record<string, string> } {
  const unknown = [...raw].filter(([name]) => !known.has(name));
  return unknown.length === 0 ? {} : { unknownFields: Object.fromEntries(unknown) };
}
