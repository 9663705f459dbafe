import type { Clock, Random } from '../base/clock.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { NodeType } from '../format/node.ts';
import type { BlobReader } from './blob-reader.ts';
import type { FilterPatterns, PathFilter } from './include-filter.ts';

/**
 * What happens to what is there already. `always`: compared byte by byte, written anew where it
 * differs. `if-changed`: taken as equal when size and mtime are. `never`: kept as it is.
 */
export type Overwrite = 'always' | 'if-changed' | 'never';

export interface RestoreOptions extends FilterPatterns {
  reader: BlobReader;
  treeId: string;
  /** Absolute raw path. Made if missing; may itself be a link to a folder. */
  target: string;
  /** Instead of patterns. */
  filter?: PathFilter | undefined;
  /** Lets the target be `/`. Default false. */
  allowRoot?: boolean;
  /** Default `always`. */
  overwrite?: Overwrite;
  dryRun?: boolean;
  /** Reads every file again afterwards and compares it with the snapshot. */
  verify?: boolean;
  /** Leaves holes where 4 KiB are zero. Default true. */
  sparse?: boolean;
  /** Sets owner and group by number. Default true; what only root may do is left out for others. */
  owners?: boolean;
  /** Each file and folder is on the disk itself before the end. Default false. */
  durable?: boolean;
  /** How many files at once. Default 4. */
  concurrency?: number;
  signal?: AbortSignal | undefined;
  clock?: Clock;
  random?: Random;
}

/** `restored`: new; `updated`: in place of what was there; `skipped`: kept, by `never`. */
export type RestoreAction = 'restored' | 'updated' | 'unchanged' | 'skipped';

/** `size`: another one than the tree says; `neighbour`: a file beside it that may do harm. */
export type RestoreWarningKind = 'size' | 'metadata' | 'neighbour' | 'manifest';

export type RestoreEvent =
  | {
      readonly kind: 'item';
      readonly action: RestoreAction;
      /** As in the snapshot. */
      readonly path: string;
      readonly type: NodeType;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'progress'; readonly totals: Readonly<RestoreTotals> }
  | {
      readonly kind: 'warning';
      readonly path: string;
      readonly about: RestoreWarningKind;
      readonly message: string;
    }
  | { readonly kind: 'error'; readonly path: string; readonly error: KeepsakeError }
  | { readonly kind: 'summary'; readonly totals: Readonly<RestoreTotals> };

export interface RestoreTotals {
  filesRestored: number;
  filesUpdated: number;
  filesUnchanged: number;
  filesSkipped: number;
  /** Made or already there. */
  folders: number;
  /** Links, FIFOs, devices. */
  others: number;
  bytesRestored: number;
  /** Of files that were unchanged or skipped. */
  bytesSkipped: number;
  filesVerified: number;
  warnings: number;
  errors: number;
}
