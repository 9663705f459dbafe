/** Every line that keeps a data-safety rule; `npm run mutate` goes through them. */
import { backupMutations } from './backup-mutations.ts';
import { captureMutations } from './capture-mutations.ts';
import { changeMutations } from './change-mutations.ts';
import { drillMutations } from './drill-mutations.ts';
import { guardMutations } from './guard-mutations.ts';
import type { Mutation } from './mutation.ts';
import { passMutations } from './pass-mutations.ts';
import { rebuildMutations } from './rebuild-mutations.ts';
import { repositoryMutations } from './repository-mutations.ts';
import { tarMutations } from './tar-mutations.ts';

export const mutations: readonly Mutation[] = [
  ...captureMutations,
  ...backupMutations,
  ...passMutations,
  ...repositoryMutations,
  ...changeMutations,
  ...rebuildMutations,
  ...guardMutations,
  ...drillMutations,
  ...tarMutations,
];
