/**
 * Reads a tar archive of any age, member by member: v7, ustar, GNU and pax. Names stay bytes, as raw
 * names: tar-stream 3.1 decodes them as UTF-8 and so loses others. An archive must end with its mark:
 * without it nobody can tell whether the last members are missing.
 * Source: POSIX.1-2017, pax; GNU tar 1.35 src/list.c (`read_header`), src/xheader.c.
 */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName } from '../base/raw-name.ts';
import type { ExtendedAttribute, NodeType } from '../format/node.ts';
import { ByteCursor } from './byte-cursor.ts';
import {
  decodeTarBlock,
  isZeroBlock,
  TAR_BLOCK_BYTES,
  untilNul,
  type TarBlock,
} from './tar-block.ts';
import { fillHoles, isSparse, readSparseMap } from './tar-sparse.ts';
import {
  decimalToNs,
  decodeTarRecords,
  extendedAttributesOf,
  type TarRecords,
} from './tar-records.ts';

export interface TarMember {
  /** Raw, as it stands in the archive. */
  readonly name: string;
  /** `link`: another name of the member `linkTarget`. */
  readonly type: NodeType | 'link';
  /** Permissions, setuid, setgid, sticky. */
  readonly stMode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly mtimeNs: bigint;
  /** Of the content: 0 for all but files. */
  readonly sizeBytes: number;
  readonly linkTarget: string;
  readonly device: bigint;
  readonly extendedAttributes: readonly ExtendedAttribute[];
}

export interface TarEntry extends TarMember {
  /** To be read before the next entry is asked for, or not at all. */
  readonly content: AsyncIterable<Uint8Array>;
  /**
   * In place of `content`: all of it in one piece, which is good until the next entry is asked for.
   * For small members, of which an archive may have a hundred thousand. Absent where the size of the
   * content is not known before.
   */
  readonly whole?: (() => Promise<Uint8Array>) | undefined;
}

export interface ReadTarOptions {
  /** Of the archive, for messages. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** Longer ones than any system takes: a hostile or damaged archive. */
const MAX_RECORDS_BYTES = 4 << 20;

const TYPES: Readonly<Record<string, TarMember['type']>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'chardev',
  '4': 'dev',
  '5': 'dir',
  '6': 'fifo',
  S: 'file',
};

/** Throws `IMPORT_DAMAGED`, or `IMPORT_MEMBER_REFUSED` for a kind of member that is not known. */
export async function* readTar(
  bytes: AsyncIterable<Uint8Array>,
  options: ReadTarOptions,
): AsyncGenerator<TarEntry> {
  yield* new TarReader(new ByteCursor(bytes), options).entries();
}

/** Headers about the next member, or about all. */
const EXTRA_TYPES: ReadonlySet<string> = new Set(['x', 'X', 'g', 'L', 'K', 'V']);

interface OpenEntry {
  readonly entry: TarEntry;
  readonly storedBytes: number;
  readonly state: { leftBytes: number };
  readonly records: TarRecords;
}

/** What headers before a member say about it. */
interface Extras {
  records: TarRecords;
  longName: string | undefined;
  longLink: string | undefined;
}

class TarReader {
  readonly #cursor: ByteCursor;
  readonly #options: ReadTarOptions;
  #global: TarRecords = new Map();
  #extras: Extras = noExtras();
  #lastName = '';

  constructor(cursor: ByteCursor, options: ReadTarOptions) {
    this.#cursor = cursor;
    this.#options = options;
  }

  async *entries(): AsyncGenerator<TarEntry> {
    try {
      for (;;) {
        this.#options.signal?.throwIfAborted();
        const block =
          this.#cursor.takeNow(TAR_BLOCK_BYTES) ?? (await this.#cursor.take(TAR_BLOCK_BYTES));
        if (block.length < TAR_BLOCK_BYTES) throw this.#damaged('it ends without its mark');
        if (isZeroBlock(block)) break;
        const header = decodeTarBlock(block);
        if (header === undefined) throw this.#damaged('a header with a wrong checksum');
        if (EXTRA_TYPES.has(header.typeflag)) {
          await this.#takeExtra(header);
          continue;
        }
        const plain = this.#open(header);
        const isPlain = !isSparse(header, plain.records);
        const open = isPlain ? plain : await this.#asSparse(plain, header, block);
        yield open.entry;
        await this.#finish(open);
      }
      // A compressed stream is proved by what stands at its end.
      await this.#cursor.skip(Infinity);
    } finally {
      await this.#cursor.close();
    }
  }

  /** A header about the next member, or about all. */
  async #takeExtra(header: TarBlock): Promise<void> {
    switch (header.typeflag) {
      case 'g':
        this.#global = new Map([...this.#global, ...(await this.#readRecords(header))]);
        break;
      case 'L':
        this.#extras.longName = decodeRawName(untilNul(await this.#readAll(header)));
        break;
      case 'K':
        this.#extras.longLink = decodeRawName(untilNul(await this.#readAll(header)));
        break;
      case 'V':
        break; // only the volume's label
      default:
        this.#extras.records = await this.#readRecords(header);
    }
  }

  #open(header: TarBlock): OpenEntry {
    const records = merged(this.#global, this.#extras.records);
    const { member, storedBytes } = this.#describe(header, { ...this.#extras, records });
    this.#extras = noExtras();
    this.#lastName = member.name;
    const state = { leftBytes: storedBytes };
    const whole = (): Promise<Uint8Array> => this.#whole(state);
    const entry = { ...member, content: this.#content(state), whole };
    return { storedBytes, state, records, entry };
  }

  async #asSparse(open: OpenEntry, header: TarBlock, block: Uint8Array): Promise<OpenEntry> {
    const { records, storedBytes, state, entry } = open;
    const name = nameIn(records, 'GNU.sparse.name') ?? entry.name;
    this.#lastName = name;
    const map = await readSparseMap(this.#cursor, header, { block, records, storedBytes });
    if (map === undefined) throw this.#damaged('the map of a sparse file that is not well formed');
    state.leftBytes = map.dataBytes;
    const content = fillHoles(this.#content(state), map);
    const { sizeBytes } = map;
    return { ...open, entry: { ...entry, name, sizeBytes, content, whole: undefined } };
  }

  async #finish({ state, storedBytes }: OpenEntry): Promise<void> {
    const skipped = await this.#cursor.skip(state.leftBytes);
    if (skipped < state.leftBytes) throw this.#cutOff();
    await this.#skipPadding(storedBytes);
  }

  async *#content(state: OpenEntry['state']): AsyncGenerator<Uint8Array> {
    for await (const part of this.#cursor.stream(state.leftBytes)) {
      state.leftBytes -= part.length;
      yield part;
    }
    if (state.leftBytes > 0) throw this.#cutOff();
  }

  async #whole(state: OpenEntry['state']): Promise<Uint8Array> {
    const bytes = await this.#cursor.take(state.leftBytes);
    state.leftBytes -= bytes.length;
    if (state.leftBytes > 0) throw this.#cutOff();
    return bytes;
  }

  #describe(header: TarBlock, extras: Extras): { member: TarMember; storedBytes: number } {
    const { records } = extras;
    const text = (key: string) => nameIn(records, key);
    const number = (key: string) => this.#numberIn(records, key);
    const name = text('path') ?? extras.longName ?? header.name;
    const type = this.#typeOf(header, name);
    const sizeBytes = number('size') ?? header.sizeBytes;
    const member: TarMember = {
      name,
      type,
      stMode: header.stMode,
      uid: number('uid') ?? header.uid,
      gid: number('gid') ?? header.gid,
      user: text('uname') ?? header.user,
      group: text('gname') ?? header.group,
      mtimeNs: this.#timeIn(records) ?? header.mtimeNs,
      sizeBytes: type === 'file' ? sizeBytes : 0,
      linkTarget: text('linkpath') ?? extras.longLink ?? header.linkName,
      device: header.device,
      extendedAttributes: extendedAttributesOf(records),
    };
    // A hard link's size is that of the file it leads to; nothing follows it.
    return { member, storedBytes: type === 'link' ? 0 : sizeBytes };
  }

  #typeOf({ typeflag }: TarBlock, name: string): TarMember['type'] {
    const type = TYPES[typeflag];
    if (type === undefined) {
      throw this.#refused(name, `a member of type "${typeflag}" is not known`);
    }
    return type === 'file' && name.endsWith('/') ? 'dir' : type;
  }

  async #readRecords(header: TarBlock): Promise<TarRecords> {
    const records = decodeTarRecords(await this.#readAll(header));
    if (records === undefined) throw this.#damaged('a pax header that is not well formed');
    return records;
  }

  async #readAll({ sizeBytes }: TarBlock): Promise<Uint8Array> {
    if (sizeBytes > MAX_RECORDS_BYTES) throw this.#damaged(`a header of ${sizeBytes} bytes`);
    const bytes = await this.#cursor.take(sizeBytes);
    if (bytes.length < sizeBytes) throw this.#cutOff();
    await this.#skipPadding(sizeBytes);
    return bytes;
  }

  async #skipPadding(sizeBytes: number): Promise<void> {
    const padding = (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    if ((await this.#cursor.skip(padding)) < padding) throw this.#cutOff();
  }

  #numberIn(records: TarRecords, key: string): number | undefined {
    const value = records.get(key);
    if (value === undefined || value.length === 0) return undefined;
    const text = Buffer.from(value).toString('latin1');
    if (!/^\d{1,15}$/.test(text)) throw this.#damaged(`a record ${key} that is no number`);
    return Number(text);
  }

  #timeIn(records: TarRecords): bigint | undefined {
    const value = records.get('mtime');
    if (value === undefined || value.length === 0) return undefined;
    const ns = decimalToNs(value);
    if (ns === undefined) throw this.#damaged('a record mtime that is no time');
    return ns;
  }

  #cutOff(): KeepsakeError {
    return this.#damaged('it ends in the middle of a member');
  }

  #damaged(what: string): KeepsakeError {
    const where = this.#lastName === '' ? '' : ` (after "${this.#lastName}")`;
    const { path } = this.#options;
    return new KeepsakeError('IMPORT_DAMAGED', { path, why: `${what}${where}` });
  }

  #refused(member: string, why: string): KeepsakeError {
    const { path } = this.#options;
    return new KeepsakeError('IMPORT_MEMBER_REFUSED', { path, member, why });
  }
}

function merged(global: TarRecords, own: TarRecords): TarRecords {
  return global.size === 0 ? own : new Map([...global, ...own]);
}

function noExtras(): Extras {
  return { records: new Map(), longName: undefined, longLink: undefined };
}

function nameIn(records: TarRecords, key: string): string | undefined {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : decodeRawName(value);
}
