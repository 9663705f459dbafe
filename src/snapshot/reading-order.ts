import type { BlobReader, BlobSupply } from './blob-reader.ts';
import type { TreeStep } from './tree-walk.ts';

/** How many neighbours are sorted at a time: bounds the memory, not the result. */
const WINDOW = 512;

type Leaf = Extract<TreeStep, { phase: 'leaf' }>;

/** `shared` holds its blobs and its neighbours'. */
export type PlannedFile = Leaf & { readonly shared?: BlobSupply | undefined };

export type PlannedStep = Exclude<TreeStep, Leaf> | PlannedFile;

/**
 * The same steps, with the leaves between two folder steps ordered by where their content lies, so
 * that a pack is read once and from its front to its back, and with a plan they share.
 */
export async function* inReadingOrder(
  reader: BlobReader,
  steps: AsyncIterable<TreeStep>,
  share: (files: readonly Leaf[]) => BlobSupply | undefined = () => undefined,
): AsyncGenerator<PlannedStep> {
  if (reader.locateBlob === undefined) {
    yield* steps;
    return;
  }
  const packs = new Map<string, number>();
  let held: Leaf[] = [];
  function* planned(): Generator<PlannedFile> {
    const files = sorted(reader, packs, held);
    const shared = share(files);
    held = [];
    for (const file of files) yield { ...file, shared };
  }
  for await (const step of steps) {
    if (step.phase === 'leaf' && held.push(step) < WINDOW) continue;
    if (held.length > 0) yield* planned();
    if (step.phase !== 'leaf') yield step;
  }
  yield* planned();
}

function sorted(reader: BlobReader, packs: Map<string, number>, files: readonly Leaf[]): Leaf[] {
  const placed = files.map((file) => ({ file, ...placeOf(reader, packs, file) }));
  placed.sort((a, b) => a.pack - b.pack || a.offset - b.offset);
  return placed.map(({ file }) => file);
}

/** Packs are numbered as they are first met. */
function placeOf(
  reader: BlobReader,
  packs: Map<string, number>,
  { node }: Leaf,
): { pack: number; offset: number } {
  const first = node.content?.[0];
  const place = first === undefined ? undefined : reader.locateBlob?.('data', first);
  if (place === undefined) return { pack: -1, offset: 0 };
  const pack = packs.get(place.packId) ?? packs.size;
  packs.set(place.packId, pack);
  return { pack, offset: place.offset };
}
