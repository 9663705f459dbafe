/** Every error Keepsake can end with. `docs/errors.md` is generated from this table. */
import { archiveErrors } from './archive-errors.ts';
import { backendErrors } from './backend-errors.ts';
import { changeErrors } from './change-errors.ts';
import { cliErrors } from './cli-errors.ts';
import { configErrors } from './config-errors.ts';
import { drillErrors } from './drill-errors.ts';
import { formatErrors } from './format-errors.ts';
import { generalErrors } from './general-errors.ts';
import { guardErrors } from './guard-errors.ts';
import { hostErrors } from './host-errors.ts';
import { importErrors } from './import-errors.ts';
import { passwordErrors } from './password-errors.ts';
import { rebuildErrors } from './rebuild-errors.ts';
import { repairErrors } from './repair-errors.ts';
import { repositoryErrors } from './repository-errors.ts';
import { restoreErrors } from './restore-errors.ts';
import { serviceErrors } from './service-errors.ts';
import { snapshotErrors } from './snapshot-errors.ts';
import { sourceErrors } from './source-errors.ts';
import { sqliteErrors } from './sqlite-errors.ts';
import { treeErrors } from './tree-errors.ts';
import { verifyErrors } from './verify-errors.ts';

export const errorCatalogue = {
  ...generalErrors,
  ...formatErrors,
  ...treeErrors,
  ...backendErrors,
  ...repositoryErrors,
  ...repairErrors,
  ...passwordErrors,
  ...hostErrors,
  ...serviceErrors,
  ...sqliteErrors,
  ...sourceErrors,
  ...snapshotErrors,
  ...archiveErrors,
  ...restoreErrors,
  ...importErrors,
  ...changeErrors,
  ...rebuildErrors,
  ...guardErrors,
  ...verifyErrors,
  ...drillErrors,
  ...configErrors,
  ...cliErrors,
};

export type ErrorCode = keyof typeof errorCatalogue;
export type ErrorDetails<C extends ErrorCode> = Parameters<
  (typeof errorCatalogue)[C]['message']
>[0];
