import { joinPath } from '../base/raw-path.ts';
import { BoundedQueue, forEachConcurrent } from '../base/concurrency.ts';
import type { Node } from '../format/node.ts';
import { readingSingly, type BlobSupply } from './blob-reader.ts';
import { hardLinkKey } from './hard-link-key.ts';
import { createPathFilter, type PathFilter } from './include-filter.ts';
import { sharedContent } from './restore-content.ts';
import { RestoreContext } from './restore-context.ts';
import { ensureFolder, finishFolder, RestoreFolder } from './restore-folder.ts';
import { restoreHardLink, restoreLeaf, type Leaf } from './restore-leaf.ts';
import type { RestoreEvent, RestoreOptions } from './restore-options.ts';
import { prepareTarget } from './restore-target.ts';
import { planBatches, restoreBatch, type Batch } from './restore-batch.ts';
import { inReadingOrder, type LeafStep } from './reading-order.ts';
import { lstatIfAny } from './temporary-name.ts';
import { walkTree } from './tree-walk.ts';
import { verifyFiles } from './verify-files.ts';

const DEFAULT_CONCURRENCY = 4;
const EVENTS_HELD = 256;

/**
 * Restores a tree to a folder: content, links, owners, modes, attributes and times. What is wrong
 * with one entry is an `error` event, and the rest goes on; the last event is the summary.
 *
 * Every file is written under a temporary name and moved into place when it is complete, so an
 * abort or a kill leaves each file old or new, never in between. Nothing is written through a
 * symbolic link inside the target.
 *
 * Throws `RESTORE_TARGET_IS_ROOT`, `RESTORE_TARGET_UNUSABLE`, `RESTORE_DISK_FULL`,
 * `SOURCE_BAD_PATTERN`, and what concerns the repository as a whole.
 */
export async function* restoreSnapshot(options: RestoreOptions): AsyncGenerator<RestoreEvent> {
  const filter = options.filter ?? createPathFilter(options);
  const target = prepareTarget(options);
  const events = new BoundedQueue<RestoreEvent>(EVENTS_HELD);
  const stop = new AbortController();
  await using reading = options.reader.startReading?.() ?? readingSingly(options.reader);
  const context = new RestoreContext(options, { target, events, stop, reading });
  const working = restoreAll(context, { options, filter }).then(
    () => events.end(),
    (error: unknown) => events.fail(error),
  );
  try {
    yield* events;
    if (options.verify === true && !context.dryRun)
      yield* verifyRestored(context, { options, filter });
    yield { kind: 'summary', totals: { ...context.totals } };
  } finally {
    // Finds work under way only where the reader of the events left early.
    const left = new DOMException('the restore was left before its end', 'AbortError');
    stop.abort(left);
    events.fail(left);
    await working;
  }
}

interface Plan {
  options: RestoreOptions;
  filter: PathFilter;
}

async function restoreAll(context: RestoreContext, plan: Plan): Promise<void> {
  const { concurrency: limit = DEFAULT_CONCURRENCY } = plan.options;
  const root = new RestoreFolder({ path: '/', at: context.target });
  await ensureFolder(context, root);
  const jobs = planJobs(context, plan, root);
  await forEachConcurrent(jobs, (job) => job(), { limit, signal: context.signal });
  await root.idle();
  await finishFolder(context, root);
}

type Job = () => Promise<void>;

/** `shared` holds its blobs, if it has few, and its neighbours'. */
type PlannedFile = LeafStep & { readonly shared: BlobSupply };

/**
 * The work in an order in which each piece waits only for earlier ones: a folder's end for its
 * entries, a hard link for the file it links to.
 */
async function* planJobs(
  context: RestoreContext,
  { options, filter }: Plan,
  root: RestoreFolder,
): AsyncGenerator<Job> {
  const { reader, signal } = context;
  const steps = walkTree(reader, options.treeId, {
    signal,
    damage: 'step',
    descend: (path) => filter(path).descend && folder.state !== 'failed',
  });
  let folder = root;
  for await (const step of inReadingOrder(reader, steps)) {
    switch (step.phase) {
      case 'problem': {
        await context.fail(step.path, step.error);
        break;
      }
      case 'enter': {
        folder = enterFolder(folder, step);
        if (filter(step.path).selected) await ensureFolder(context, folder);
        break;
      }
      case 'leave': {
        yield leaveJob(context, folder);
        folder = folder.parent ?? root;
        break;
      }
      case 'leaves': {
        const wanted = step.leaves.filter(({ path }) => filter(path).selected);
        if (wanted.length === 0 || !(await ensureFolder(context, folder))) break;
        yield* leafJobs(context, folder, wanted);
        break;
      }
    }
  }
}

function* leafJobs(
  context: RestoreContext,
  folder: RestoreFolder,
  leaves: readonly LeafStep[],
): Generator<Job> {
  const { batches, rest } = planBatches(context, folder, leaves);
  for (const batch of batches) yield batchJob(context, folder, batch);
  const shared = context.reading.plan(rest.flatMap(({ node }) => sharedContent(node)));
  for (const file of rest) yield leafJob(context, folder, { ...file, shared });
}

function batchJob(context: RestoreContext, folder: RestoreFolder, batch: Batch<LeafStep>): Job {
  folder.hold();
  return async () => {
    try {
      const left = await restoreBatch(context, folder, batch);
      const shared = context.reading.plan(left.flatMap(({ node }) => node.content ?? []));
      for (const file of left) await restoreLeafOf(context, folder, { ...file, shared });
    } finally {
      folder.release();
    }
  };
}

function enterFolder(parent: RestoreFolder, { path, node }: { path: string; node: Node }) {
  parent.hold();
  return new RestoreFolder({ path, node, parent, at: joinPath(parent.at, node.name) });
}

function leaveJob(context: RestoreContext, folder: RestoreFolder): Job {
  return async () => {
    await folder.idle();
    await finishFolder(context, folder);
    folder.parent?.release();
  };
}

function leafJob(context: RestoreContext, folder: RestoreFolder, file: PlannedFile): Job {
  folder.hold();
  return async () => {
    try {
      await restoreLeafOf(context, folder, file);
    } finally {
      folder.release();
    }
  };
}

async function restoreLeafOf(
  context: RestoreContext,
  folder: RestoreFolder,
  file: PlannedFile,
): Promise<void> {
  try {
    await restoreEntry(context, folder, file);
  } catch (error) {
    context.unverifiable.add(file.path);
    await context.fail(file.path, error);
  }
}

async function restoreEntry(
  context: RestoreContext,
  folder: RestoreFolder,
  { path, node, shared }: PlannedFile,
): Promise<void> {
  const at = joinPath(folder.at, node.name);
  // A folder that was not there before holds nothing but what was just restored to it.
  const found = folder.before === undefined ? undefined : lstatIfAny(at);
  const leaf: Leaf = { path, node, folder, at, found, shared };
  const key = hardLinkKey(node);
  if (key === undefined) return restoreLeaf(context, leaf);
  const earlier = context.hardLinks.get(key);
  const own = Promise.withResolvers<string | undefined>();
  context.hardLinks.set(key, own.promise);
  let restoredTo: string | undefined;
  try {
    const primary = await earlier;
    if (primary === undefined) await restoreLeaf(context, leaf);
    else await restoreHardLink(context, leaf, primary);
    restoredTo = context.unverifiable.has(path) ? undefined : at;
  } finally {
    own.resolve(restoredTo);
  }
}

async function* verifyRestored(
  context: RestoreContext,
  { options, filter }: Plan,
): AsyncGenerator<RestoreEvent> {
  const { reader, target, totals, unverifiable } = context;
  const select = (path: string) => filter(path).selected && !unverifiable.has(path);
  const { treeId, signal } = options;
  for await (const event of verifyFiles({ reader, treeId, target, select, signal })) {
    if (event.kind === 'equal') totals.filesVerified += 1;
    else {
      totals.errors += 1;
      yield { kind: 'error', path: event.path, error: event.error };
    }
  }
}
