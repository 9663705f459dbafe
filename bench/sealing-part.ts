/** What verification of what is written costs, and how fast the pieces of the pipeline are. */
import { randomBytes } from 'node:crypto';
import { ThreadSealer } from '../src/repository/blob-sealer.ts';
import { blobId, sealBlobInto, sealedRoomBytes } from '../src/format/blob.ts';
import { ContentChunker, MIN_CHUNK_BYTES } from '../src/format/chunker.ts';
import { compress, decompressInto } from '../src/format/compression.ts';
import { generateMasterKey, seal, unsealInto } from '../src/format/crypto.ts';
import { makeNote } from '../test/support/wishlist-app/words.ts';
import { SeededRandom } from '../test/support/wishlist-app/seeded-random.ts';
import { bestOf } from './best-of.ts';
import { renderTable, showMs } from './numbers.ts';
import type { Part, Rendered } from './part.ts';
import type { SavedPart } from './result-file.ts';
import { judge } from './verdict.ts';

export interface SealCost {
  readonly what: string;
  readonly bareUs: number;
  readonly verifiedUs: number;
}

export interface Throughput {
  readonly what: string;
  readonly megabytesPerSecond: number;
  readonly goal?: number;
}

const random = (length: number): Uint8Array => randomBytes(length);
const MIB = 1 << 20;
const RABIN_GOAL = 150;

export const sealingPart: Part = {
  name: 'sealing',
  neededBytes: () => 0,
  jobs: ({ settings: { tiny } }) => {
    const batchMs = tiny ? 5 : 150;
    return [
      { key: 'verification', run: async () => measureSealing(batchMs) },
      { key: 'throughput', run: async () => measureThroughput(batchMs) },
    ];
  },
  render: renderSealing,
};

function textOf(length: number): Uint8Array {
  return Buffer.from(makeNote(new SeededRandom(1), length / 3)).subarray(0, length);
}

function measureSealing(batchMs: number): SealCost[] {
  const blobs: readonly (readonly [string, Uint8Array])[] = [
    ['picture of 9 KB', random(9050)],
    ['database pages, 16 KiB', textOf(16 * 1024)],
    ['piece of a large picture, 1 MiB', random(MIB)],
    ['text, 1 MiB', textOf(MIB)],
  ];
  const master = generateMasterKey(random);
  return blobs.map(([what, plaintext]) => {
    const id = blobId(plaintext);
    const room = new Uint8Array(sealedRoomBytes(plaintext));
    const blob = { master, plaintext, id, compress: 'auto' } as const;
    const bare = () => sealBlobInto(room, { ...blob, nonce: random(16) });
    const sealer = new ThreadSealer({ master, version: 2, compression: 'auto' }, random);
    const verified = () => sealer.sealInto(room, { type: 'data', id, plaintext });
    const [bareUs = NaN, verifiedUs = NaN] = bestOf([bare, verified], { batchMs });
    return { what, bareUs, verifiedUs };
  });
}

function measureThroughput(batchMs: number): Throughput[] {
  const master = generateMasterKey(random);
  const nonce = random(16);
  const [noise, page, text] = [random(MIB), textOf(16 * 1024), textOf(MIB)];
  const sealed = seal(master, noise, nonce);
  const target = new Uint8Array(MIB);
  const [packedPage, packedText] = [compress(page), compress(text)];
  const pageTarget = new Uint8Array(page.length);
  const pieces: readonly (readonly [string, number, () => unknown])[] = [
    ['SHA-256, 16 KiB', page.length, () => blobId(page)],
    ['SHA-256, 1 MiB', MIB, () => blobId(noise)],
    ['seal (AES-256-CTR, Poly1305), 1 MiB', MIB, () => seal(master, noise, nonce)],
    ['unseal, 1 MiB', MIB, () => unsealInto(target, { key: master, sealed, what: 'bench' })],
    ['zstd of a page, 16 KiB', page.length, () => compress(page)],
    ['zstd back, 16 KiB', page.length, () => decompressInto(pageTarget, packedPage, 'bench')],
    ['zstd of text, 1 MiB', MIB, () => compress(text)],
    ['zstd back, 1 MiB', MIB, () => decompressInto(target, packedText, 'bench')],
  ];
  const speeds = pieces.map(([what, bytes, work]) => {
    const [us = NaN] = bestOf([work], { batchMs });
    return { what, megabytesPerSecond: bytes / us };
  });
  return [...speeds, ...measureRabin(batchMs)];
}

/** The chunker passes over the first 512 KiB of each piece: the loop's own speed is the lower one. */
function measureRabin(batchMs: number): Throughput[] {
  const bytes = random(16 * MIB);
  const chunker = new ContentChunker(0x3da3358b4dc173n);
  const cuts = countCuts(chunker, bytes);
  const [us = NaN] = bestOf([() => countCuts(chunker, bytes)], { batchMs });
  const lookedAt = bytes.length - (cuts + 1) * MIN_CHUNK_BYTES;
  return [
    { what: 'Rabin, bytes it looks at', megabytesPerSecond: lookedAt / us, goal: RABIN_GOAL },
    { what: 'Rabin, bytes of a large file', megabytesPerSecond: bytes.length / us },
  ];
}

function countCuts(chunker: ContentChunker, bytes: Uint8Array): number {
  chunker.reset();
  let cuts = 0;
  for (let at = 0; ; cuts += 1) {
    const begun = chunker.length;
    const length = chunker.scan(bytes, at);
    if (length === -1) return cuts;
    at += length - begun;
  }
}

export function renderSealing({ entries }: SavedPart): Rendered {
  const costs = (entries['verification'] ?? []) as SealCost[];
  const speeds = (entries['throughput'] ?? []) as Throughput[];
  const costRows = costs.map(({ what, bareUs, verifiedUs }) => [
    what,
    showMs(bareUs / 1000),
    showMs(verifiedUs / 1000),
    `${((verifiedUs / bareUs - 1) * 100).toFixed(0)} %`,
  ]);
  const show = (value: number) => `${value.toFixed(0)} MB/s`;
  const judged = speeds.map(({ what, megabytesPerSecond: value, goal }) => ({
    what,
    value,
    ...judge(what, value, { goal, show, sense: 'at-least' }),
  }));
  const markdown = [
    '### What verification costs',
    'Every blob is opened again and compared before it is stored. One core, the best of several batches.',
    renderTable(['', 'sealed', 'sealed and verified', 'more'], costRows),
    'What the pieces of the pipeline reach, one core:',
    renderTable(
      ['', 'speed', 'goal'],
      judged.map(({ what, value, text }) => [what, show(value), text]),
    ),
  ].join('\n\n');
  return { markdown, verdicts: judged.flatMap(({ verdicts }) => verdicts) };
}
