import { expect, test } from 'vitest';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { Chunk, FileReading } from '../source/source.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { newArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { saveContent } from './save-content.ts';

const OLD = '2020-01-01T00:00:00Z';

/** Content of one reading, the file's ctime afterwards, and whether it changed meanwhile. */
interface Reading {
  readonly text: string;
  readonly ctime?: (clock: FakeClock) => string;
  readonly changed?: boolean;
  readonly fails?: KeepsakeError;
}

const justNow = (clock: FakeClock): string => clock.now().toISOString();

class ScriptedFile implements FileReading {
  count = 0;
  readonly #clock: FakeClock;
  readonly #script: readonly Reading[];

  constructor(clock: FakeClock, script: readonly Reading[]) {
    this.#clock = clock;
    this.#script = script;
  }

  async *chunks(): AsyncGenerator<Chunk> {
    this.count += 1;
    if (this.#now.fails !== undefined) throw this.#now.fails;
    yield { id: this.#now.text, bytes: Buffer.from(this.#now.text) };
  }

  finish(): Promise<{ node: Node; stillChanging: boolean }> {
    const { ctime, changed = false } = this.#now;
    const node: Node = {
      name: 'a',
      type: 'file',
      mode: 0o644,
      mtime: OLD,
      atime: OLD,
      ctime: ctime?.(this.#clock) ?? OLD,
      uid: 0,
      gid: 0,
      content: null,
    };
    return Promise.resolve({ node, stillChanging: changed });
  }

  get #now(): Reading {
    return this.#script[Math.min(this.count, this.#script.length) - 1]!;
  }
}

async function save(script: readonly Reading[]) {
  const clock = new FakeClock();
  const file = new ScriptedFile(clock, script);
  const problems: unknown[] = [];
  const store = {
    hasBlob: () => false,
    saveBlob: () => Promise.resolve({ isNew: true, storedBytes: 1 }),
  } as unknown as BlobStore;
  const counts = newArchiveCounts();
  const node = await saveContent(
    { path: '/a', reading: file },
    { store, clock, counts, onProblem: (error) => problems.push(error) },
  );
  return { node, problems, readings: file.count, sleeps: clock.sleeps };
}

test('a file at rest is read once', async () => {
  const { node, readings, sleeps } = await save([{ text: 'whole' }]);
  expect(node).toMatchObject({ content: ['whole'], ctime: OLD });
  expect({ readings, sleeps }).toEqual({ readings: 1, sleeps: [] });
});

test('a file written just before it was read is read again: its times could not show a change', async () => {
  const start = justNow(new FakeClock());
  const young = { text: 'half', ctime: () => start };
  const { node, problems, readings } = await save([young, { text: 'whole', ctime: () => start }]);
  expect(node).toMatchObject({ content: ['whole'], ctime: start });
  expect({ readings, problems }).toEqual({ readings: 2, problems: [] });
});

test('a file that changes while it is read is read again', async () => {
  const { node, problems } = await save([{ text: 'half', changed: true }, { text: 'whole' }]);
  expect(node?.content).toEqual(['whole']);
  expect(problems).toEqual([]);
});

test('a file that changes during each of three readings is kept, reported, and never taken over', async () => {
  const { node, problems, readings } = await save([{ text: 'torn', changed: true }]);
  expect(readings).toBe(3);
  expect(problems).toMatchObject([{ code: 'SOURCE_CHANGING' }]);
  expect(node).toMatchObject({ content: ['torn'], ctime: '1970-01-01T00:00:00Z' });
});

test('a file that is appended to all the time is no problem, but the next backup reads it again', async () => {
  const { node, problems } = await save([{ text: 'log', ctime: justNow }]);
  expect(problems).toEqual([]);
  expect(node?.ctime).toBe('1970-01-01T00:00:00Z');
});

test('a file that vanished is nothing, and no problem', async () => {
  const fails = new KeepsakeError('SOURCE_VANISHED', { path: '/a' });
  expect(await save([{ text: '', fails }])).toMatchObject({ node: undefined, problems: [] });
});

test('a file that cannot be read is left out and reported', async () => {
  const details = { path: '/a', errno: 'EIO', reason: 'i/o error' };
  const fails = new KeepsakeError('SOURCE_UNREADABLE', details);
  expect(await save([{ text: '', fails }])).toMatchObject({ node: undefined, problems: [fails] });
});

test('what begins as a database is stored so that the next backup looks into it again', async () => {
  const { node } = await save([{ text: 'SQLite format 3\0 and more' }]);
  expect(node).toMatchObject({ ctime: '1970-01-01T00:00:00Z' });
});
