import type { BlobReader } from './blob-reader.ts';
import type { TreeStep } from './tree-walk.ts';

/** How many neighbours are sorted at a time: bounds the memory, not the result. */
const WINDOW = 1024;

export type LeafStep = Extract<TreeStep, { phase: 'leaf' }>;

export type OrderedStep =
  | Exclude<TreeStep, LeafStep>
  /** Neighbours in one folder. */
  | { readonly phase: 'leaves'; readonly leaves: readonly LeafStep[] };

/**
 * The same steps, with the leaves between two folder steps together and ordered by where their
 * content lies, so that a pack is read once and from its front to its back.
 */
export async function* inReadingOrder(
  reader: BlobReader,
  steps: AsyncIterable<TreeStep>,
): AsyncGenerator<OrderedStep> {
  const packs = new Map<string, number>();
  let held: LeafStep[] = [];
  function* ordered(): Generator<OrderedStep> {
    if (held.length > 0) yield { phase: 'leaves', leaves: sorted(reader, packs, held) };
    held = [];
  }
  for await (const step of steps) {
    if (step.phase === 'leaf' && held.push(step) < WINDOW) continue;
    yield* ordered();
    if (step.phase !== 'leaf') yield step;
  }
  yield* ordered();
}

function sorted(
  reader: BlobReader,
  packs: Map<string, number>,
  files: readonly LeafStep[],
): LeafStep[] {
  if (reader.locateBlob === undefined) return [...files];
  const placed = files.map((file) => ({ file, ...placeOf(reader, packs, file) }));
  placed.sort((a, b) => a.pack - b.pack || a.offset - b.offset);
  return placed.map(({ file }) => file);
}

/** Packs are numbered as they are first met. */
function placeOf(
  reader: BlobReader,
  packs: Map<string, number>,
  { node }: LeafStep,
): { pack: number; offset: number } {
  const first = node.content?.[0];
  const place = first === undefined ? undefined : reader.locateBlob?.('data', first);
  if (place === undefined) return { pack: -1, offset: 0 };
  const pack = packs.get(place.packId) ?? packs.size;
  packs.set(place.packId, pack);
  return { pack, offset: place.offset };
}
