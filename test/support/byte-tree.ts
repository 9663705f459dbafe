import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeNs } from './posix.ts';

/** Of the first entry; each further one is later. */
const BASE_NS = 1_234_567_890_123_456_789n;

/** Paths are latin1 strings, a character a byte, so that any name can be written down. */
export class ByteTree {
  readonly #root: Buffer;
  readonly #added: Buffer[] = [];
  readonly #times = new Map<Buffer, bigint>();
  readonly #folders = new Set<string>();

  constructor(root: string) {
    this.#root = Buffer.from(root);
    mkdirSync(root, { recursive: true });
    this.#added.push(this.#root);
  }

  /** The full path of an entry the caller is about to make; its folders are made. */
  add(path: string): Buffer {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (folder !== '' && !this.#folders.has(folder)) this.folder(folder);
    const full = this.full(path);
    this.#added.push(full);
    return full;
  }

  full(path: string): Buffer {
    return Buffer.concat([this.#root, Buffer.from('/'), bytes(path)]);
  }

  file(path: string, content: string | Uint8Array): Buffer {
    const full = this.add(path);
    writeFileSync(full, content);
    return full;
  }

  folder(path: string): Buffer {
    this.#folders.add(path);
    const full = this.add(path);
    mkdirSync(full);
    return full;
  }

  symlink(path: string, target: Uint8Array | string): void {
    symlinkSync(Buffer.from(target as string), this.add(path));
  }

  fileOfTime(path: string, mtimeNs: bigint): void {
    this.#times.set(this.file(path, String(mtimeNs)), mtimeNs);
  }

  /** Children before their folders, so that a folder keeps the time it is given. */
  setTimes(): void {
    for (const [at, path] of [...this.#added].reverse().entries()) {
      setTimeNs(path, this.#times.get(path) ?? BASE_NS + BigInt(at) * 86_400_000_000_007n);
    }
  }
}

export function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}

export function utf8(name: string): string {
  return Buffer.from(name).toString('latin1');
}
