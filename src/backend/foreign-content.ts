/** Is a folder fit for a new repository? One inside an app would mix the app's `data` with ours. */
import { join } from 'node:path';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { FileLayer } from './file-layer.ts';
import { namesIfAny } from './folder-names.ts';
import { isOfLayout, kindFolder } from './layout.ts';

const KINDS = ['key', 'lock', 'snapshot', 'index', 'pack'] as const;

/** Throws `BACKEND_FOLDER_TAKEN` where a folder of the layout holds what is no repository's. */
export async function refuseForeignContent(layer: FileLayer, location: string): Promise<void> {
  for (const kind of KINDS) {
    const folder = kindFolder(kind);
    const names = await namesIfAny(layer, join(location, folder));
    const foreign = names.find((name) => !isOfLayout(kind, name));
    if (foreign === undefined) continue;
    throw new KeepsakeError('BACKEND_FOLDER_TAKEN', { location, found: `${folder}/${foreign}` });
  }
}
