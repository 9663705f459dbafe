import { siblingModule } from '../base/sibling-module.ts';

/** The module that a repository's worker runs in a backup. */
export const fileWorkerModule = siblingModule(import.meta.url, './file-worker-main');
