/** Which snapshot of which app is rebuilt, and the config that was kept with it. */
import { utf8Decode } from '../../base/bytes.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { layoutNames } from '../../config/presets/all-presets.ts';
import { chooseApp, resolveApp, type ResolvedApp } from '../../config/resolve-app.ts';
import type { Config } from '../../config/schema.ts';
import type { Repository } from '../../repository/repository.ts';
import { loadManifest, loadSmallFile } from '../../snapshot/load-manifest.ts';
import { CONFIG_PATH, type Manifest, type ManifestMachine } from '../../snapshot/manifest.ts';
import { isComplete, matchesFilter, type SnapshotFilter } from '../choose-snapshot.ts';
import { openSnapshot, type OpenSnapshot } from '../open-snapshot.ts';
import type { Workbench } from '../workbench.ts';
import type { RebuildInput } from './rebuild-input.ts';

const APP_TAG = 'app:';

export interface Origin {
  readonly manifest: Manifest;
  readonly machine: ManifestMachine;
  readonly configBytes: Uint8Array;
  readonly config: Config;
  readonly app: ResolvedApp;
}

/** Throws `REBUILD_CHOOSE`, `REBUILD_NO_APP`, and what `openSnapshot` throws. */
export function openRebuildSnapshot(
  workbench: Workbench,
  input: RebuildInput,
): Promise<OpenSnapshot> {
  return openSnapshot(workbench, input, { narrow: (repository) => onlyApp(repository, input) });
}

/** `latest` alone does not say of which app, nor of which machine. */
async function onlyApp(
  repository: Repository,
  { wanted, filter, signal }: RebuildInput,
): Promise<SnapshotFilter> {
  if (wanted !== 'latest') return filter;
  const choices = new Map<string, { app: string; hostname: string; time: string }>();
  for (const stored of await repository.loadSnapshots({ signal, onDamage: () => {} })) {
    if (!isComplete(stored) || !matchesFilter(stored, filter)) continue;
    const { tags = [], hostname = '', time } = stored.snapshot;
    const app = tags.find((tag) => tag.startsWith(APP_TAG))?.slice(APP_TAG.length);
    if (app !== undefined) choices.set(`${app}\n${hostname}`, { app, hostname, time });
  }
  const [only, ...others] = choices.values();
  if (only === undefined) throw new KeepsakeError('REBUILD_NO_APP', {});
  if (others.length > 0) {
    throw new KeepsakeError('REBUILD_CHOOSE', { choices: [...choices.values()] });
  }
  return { ...filter, app: only.app, hosts: [only.hostname] };
}

/** Throws `REBUILD_NO_CONFIG`, `REBUILD_SNAPSHOT_UNFIT`, and what is wrong with the config. */
export async function loadOrigin(
  open: OpenSnapshot,
  { filter, signal }: Pick<RebuildInput, 'filter' | 'signal'>,
): Promise<Origin> {
  const { repository, snapshot, id } = open;
  const manifest = await loadManifest(repository, snapshot.tree, { signal });
  const place = { rootTree: snapshot.tree, path: CONFIG_PATH };
  const configBytes = await loadSmallFile(repository, place, { signal });
  const machine = manifest?.machine;
  if (manifest === undefined || machine === undefined || configBytes === undefined) {
    const { programVersion: program } = snapshot;
    throw new KeepsakeError('REBUILD_NO_CONFIG', { snapshot: id, program });
  }
  const why = whyUnfit(open, manifest, filter.app);
  if (why !== undefined) throw new KeepsakeError('REBUILD_SNAPSHOT_UNFIT', { snapshot: id, why });
  const { parseConfig } = await import('../../config/load-config.ts');
  const config = parseConfig(utf8Decode(configBytes), { fileName: machine.config.path });
  const app = resolveAsThere(config, manifest.app, machine);
  return { manifest, machine, configBytes, config, app };
}

function whyUnfit(
  { snapshot }: OpenSnapshot,
  { app }: Manifest,
  wanted: string | undefined,
): string | undefined {
  if (snapshot.tags?.includes('database-only') === true) return 'it holds only the database';
  return wanted === undefined || wanted === app ? undefined : `it is of ${app ?? 'no app'}`;
}

/** Which layout it was cannot be seen where the app's code is not. */
function resolveAsThere(
  config: Config,
  wanted: string | undefined,
  machine: ManifestMachine,
): ResolvedApp {
  const name = chooseApp(config, wanted);
  const layout = layoutNames.find((known) => known === machine.layout);
  const apps = Object.fromEntries(
    Object.entries(config.apps).map(([each, app]) => [
      each,
      each === name && app.layout === undefined ? { ...app, layout } : app,
    ]),
  );
  return resolveApp({ apps }, name, { exists: () => false });
}
