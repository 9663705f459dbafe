/** Of what keeps a drill away from the live app. */
import type { Mutation } from './mutation.ts';

const drills = 'test/e2e/drill-isolation.test.ts';

export const drillMutations: readonly Mutation[] = [
  {
    rule: 8,
    what: 'a copy is started although it cannot be kept from the network',
    file: 'src/operations/drill/drill.ts',
    text: '  if (confinement.network || isAllowed) return confinement;',
    replacement: '  if (confinement !== null || isAllowed) return confinement;',
    test: { file: drills, title: 'a drill must be allowed by name' },
  },
  {
    rule: 8,
    what: 'the copy sees the live files where they are',
    file: 'src/operations/drill/start-copy.ts',
    text: '      mounts: confinement.files ? view.mounts : [],',
    replacement: '      mounts: [],',
    test: { file: drills, title: 'whose settings name the live database reaches the copy of it' },
  },
  {
    rule: 8,
    what: 'the copy is given the environment of whoever drills',
    file: 'src/operations/drill/start-copy.ts',
    text: "    HOME: view.seenAt(join(runFolder, 'home')),",
    replacement:
      "    ...(input.environment as Record<string, string>),\n    HOME: view.seenAt(join(runFolder, 'home')),",
    test: { file: drills, title: 'who sees nothing else of Keepsake' },
  },
  {
    rule: 8,
    what: 'the copy goes on when Keepsake is killed',
    file: 'src/host/confined-main.ts',
    text: "process.on('disconnect', () => stop.abort(new Error('Keepsake is gone')));",
    replacement: '',
    test: { file: drills, title: 'a drill that is killed takes its copy along' },
  },
];
