/**
 * A file layer whose calls can be watched, failed, shortened or skipped one by one: for disks that
 * are full, broken, or die at the n-th call.
 */
import type { FileLayer, OpenFile } from '../../src/backend/file-layer.ts';
import { systemError } from './durable-file-layer.ts';

type FileCall = Exclude<keyof OpenFile, 'close'>;

export interface FileLayerCall {
  readonly name: Exclude<keyof FileLayer, 'prototype'> | FileCall;
  readonly path: string;
  /** Changes something or makes a change durable. */
  readonly mutating: boolean;
}

/** `perform` (also the answer of nothing), `skip` (claims success and does nothing), or half. */
export type Verdict = 'perform' | 'skip' | 'half';

/** Decides on each call before it is made; throwing fails the call. */
export type Interceptor = (call: FileLayerCall) => Verdict | void;

const READING = new Set(['openExisting', 'stat', 'readFolder', 'read']);

export function interceptFileLayer(layer: FileLayer, intercept: Interceptor): FileLayer {
  const ask = (name: FileLayerCall['name'], path: string): Verdict =>
    intercept({ name, path, mutating: !READING.has(name) }) ?? 'perform';
  const guarded =
    (name: keyof FileLayer, work: () => Promise<void>) =>
    async (path: string): Promise<void> => {
      if (ask(name, path) === 'perform') await work();
    };
  const opened = (path: string, file: OpenFile): OpenFile => interceptFile(path, file, ask);
  return {
    async openExisting(path) {
      ask('openExisting', path);
      return opened(path, await layer.openExisting(path));
    },
    async createFile(path, mode) {
      ask('createFile', path);
      return opened(path, await layer.createFile(path, mode));
    },
    async stat(path) {
      ask('stat', path);
      return layer.stat(path);
    },
    async readFolder(path) {
      ask('readFolder', path);
      return layer.readFolder(path);
    },
    link: (from, to) => guarded('link', () => layer.link(from, to))(to),
    rename: (from, to) => guarded('rename', () => layer.rename(from, to))(to),
    unlink: (path) => guarded('unlink', () => layer.unlink(path))(path),
    makeFolder: (path, mode) => guarded('makeFolder', () => layer.makeFolder(path, mode))(path),
    removeFolder: (path) => guarded('removeFolder', () => layer.removeFolder(path))(path),
    syncFolder: (path) => guarded('syncFolder', () => layer.syncFolder(path))(path),
    setModified: (path, at) => guarded('setModified', () => layer.setModified(path, at))(path),
  };
}

function interceptFile(
  path: string,
  file: OpenFile,
  ask: (name: FileCall, path: string) => Verdict,
): OpenFile {
  return {
    async read(target, offsetBytes) {
      const half = ask('read', path) === 'half' && target.byteLength > 1;
      return file.read(half ? target.subarray(0, target.byteLength >> 1) : target, offsetBytes);
    },
    async write(bytes, offsetBytes) {
      const verdict = ask('write', path);
      if (verdict === 'skip') return bytes.byteLength;
      const half = verdict === 'half' && bytes.byteLength > 1;
      return file.write(half ? bytes.subarray(0, bytes.byteLength >> 1) : bytes, offsetBytes);
    },
    async stat() {
      ask('stat', path);
      return file.stat();
    },
    async chmod(mode) {
      if (ask('chmod', path) === 'perform') await file.chmod(mode);
    },
    async sync() {
      if (ask('sync', path) === 'perform') await file.sync();
    },
    close: () => file.close(),
  };
}

/** Makes every sync a lie, as if the calls had been forgotten. */
export function withoutSync(layer: FileLayer, which: 'sync' | 'syncFolder'): FileLayer {
  return interceptFileLayer(layer, ({ name }) => (name === which ? 'skip' : 'perform'));
}

/** Every call of that name fails. */
export function failing(name: FileLayerCall['name'], code: string): Interceptor {
  return (call) => {
    if (call.name === name) throw systemError(code, call.path);
  };
}

/** Dies just before the n-th changing call (from 1) and refuses everything after it. */
export function killedAt(layer: FileLayer, n: number): { layer: FileLayer; died: () => boolean } {
  let count = 0;
  const intercepted = interceptFileLayer(layer, ({ mutating }) => {
    if (mutating) count += 1;
    if (count >= n) throw new Error('killed');
  });
  return { layer: intercepted, died: () => count >= n };
}
