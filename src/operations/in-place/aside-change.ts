/** The change that a rollback makes: what an earlier change moved aside comes back. */
import type { Change } from './change-steps.ts';
import { SnapshotChange } from './snapshot-change.ts';

/** Nothing is made ready: the old files lie there as they were when the app was stopped. */
export class AsideChange extends SnapshotChange implements Change {
  override prepare(): Promise<void> {
    return Promise.resolve();
  }

  /** They are the only copy. */
  override discard(): Promise<void> {
    return Promise.resolve();
  }
}
