import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

const EXAMPLE_ID = '4b8a6b8f7dd4a0d3c0b2f7a3f0a6d3f7ad5a2bb0b1c7a0c4d5e6f708192a3b4c';

const DAMAGED_FILE_HINT =
  'Nothing was changed. To see which snapshots it hurts: `keepsake check --read-data`';

const DAMAGED_FILE_HINTS: Readonly<Record<string, string>> = {
  config:
    'Nothing was changed. Put the file `config` back from a copy of the repository; without it no snapshot can be read.',
  index:
    'Nothing was changed, and no data is lost by this: the packs tell what they hold. To write the index anew: `keepsake repair index`',
  lock: 'Nothing was changed. If no backup is running anywhere: `keepsake unlock --remove-all`',
};

export const repositoryErrors = {
  REPOSITORY_NOT_FOUND: entry<{ location: string }>({
    exit: ExitCode.noRepository,
    message: ({ location }) => `there is no repository at ${location}`,
    hint: ({ location }) =>
      `Nothing was written. If it is on another disk, check that the disk is mounted; for a new repository: \`keepsake -r ${location} init\``,
    example: { location: '/mnt/backup/wishlist' },
  }),
  REPOSITORY_EXISTS: entry<{ location: string; what: string }>({
    exit: ExitCode.failed,
    message: ({ location, what }) => `${location} already holds a repository (${what} found)`,
    hint: ({ location }) =>
      `It was left as it is. To use it: \`keepsake -r ${location} snapshots\``,
    example: { location: '/mnt/backup/wishlist', what: 'config' },
  }),
  REPOSITORY_CONFIG_MISSING: entry<{ location: string }>({
    exit: ExitCode.damage,
    message: ({ location }) => `the repository at ${location} has keys but no config file`,
    hint: () =>
      'Nothing was changed. Put the file `config` back from a copy of the repository; without it no snapshot can be read.',
    example: { location: '/mnt/backup/wishlist' },
  }),
  REPOSITORY_KEYS_MISSING: entry<{ location: string }>({
    exit: ExitCode.damage,
    message: ({ location }) => `the repository at ${location} has a config but no key file`,
    hint: () =>
      'Nothing was changed. Put a file of the folder `keys` back from a copy of the repository; the data cannot be decrypted without one.',
    example: { location: '/mnt/backup/wishlist' },
  }),
  REPOSITORY_KEYS_DAMAGED: entry<{ location: string; damagedKeys: string[] }>({
    exit: ExitCode.damage,
    message: ({ location, damagedKeys }) =>
      `the repository at ${location} cannot be opened: ${damagedKeys.length === 1 ? 'its only key file is damaged' : 'all its key files are damaged'} (${damagedKeys.join(', ')})`,
    hint: () =>
      'Nothing was written and no lock was left. Whether the password is right cannot be told. Put a file of the folder `keys` back from a copy of the repository; the data cannot be decrypted without one.',
    example: { location: '/mnt/backup/wishlist', damagedKeys: [EXAMPLE_ID] },
  }),
  REPOSITORY_WRONG_PASSWORD: entry<{ location: string; keyCount: number; damagedKeys: string[] }>({
    exit: ExitCode.wrongPassword,
    message: ({ location, keyCount, damagedKeys }) =>
      `the password does not open ${location} (tried ${keyCount === 1 ? 'its only key' : `all ${keyCount} keys`})` +
      (damagedKeys.length === 0 ? '' : `; damaged key files: ${damagedKeys.join(', ')}`),
    hint: ({ damagedKeys }) =>
      damagedKeys.length === 0
        ? 'Nothing was written and no lock was left. Check the password file or command; any one of the repository’s passwords will do. If none can be found, nothing opens it: keep it as it is, and start another one (`keepsake -r PLACE init`, then `backup`). The app’s own data is not affected.'
        : 'Nothing was written and no lock was left. If the password is right, its key file is the damaged one: put that file of the folder `keys` back from a copy of the repository, or use the password of another key.',
    example: { location: '/mnt/backup/wishlist', keyCount: 2, damagedKeys: [] },
  }),
  REPOSITORY_FILE_DAMAGED: entry<{ kind: string; name: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ kind, name, why }) =>
      `${kind} file${name === '' ? '' : ` ${name}`} of the repository is damaged: ${why}`,
    hint: ({ kind }) => DAMAGED_FILE_HINTS[kind] ?? DAMAGED_FILE_HINT,
    example: { kind: 'index', name: EXAMPLE_ID, why: 'its bytes do not match its name' },
  }),
  REPOSITORY_BLOB_MISSING: entry<{ type: string; id: string }>({
    exit: ExitCode.damage,
    message: ({ type, id }) => `${type} blob ${id} is in no index of the repository`,
    hint: () =>
      'Nothing was changed. To see which snapshots it hurts: `keepsake check`; if packs are there but not indexed: `keepsake repair index`',
    example: { type: 'data', id: EXAMPLE_ID },
  }),
  REPOSITORY_BLOB_DAMAGED: entry<{ type: string; id: string; pack: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ type, id, pack, why }) => `${type} blob ${id} in pack ${pack} is damaged: ${why}`,
    hint: () =>
      'Nothing was changed. To see which snapshots it hurts: `keepsake check --read-data`; other snapshots restore as usual.',
    example: { type: 'data', id: EXAMPLE_ID, pack: EXAMPLE_ID, why: 'the tag does not match' },
  }),
  REPOSITORY_PACKS_LOST: entry<{ packs: readonly string[] }>({
    exit: ExitCode.damage,
    message: ({ packs }) =>
      `${packs.length === 1 ? 'a pack' : `${packs.length} packs`} of the repository ${packs.length === 1 ? 'is' : 'are'} missing or cut short (${packs[0]?.slice(0, 8)}${packs.length > 1 ? ', …' : ''}); what is still there to be backed up is stored anew`,
    hint: () =>
      'The new snapshot does not rely on them. To see which older ones are hurt: `keepsake check`',
    example: { packs: [EXAMPLE_ID] },
  }),
  REPOSITORY_LOCKED: entry<{ holder: string; ageText: string; exclusive: boolean; lock: string }>({
    exit: ExitCode.locked,
    retry: 'later',
    message: ({ holder, ageText, exclusive, lock }) =>
      `the repository is ${exclusive ? 'exclusively ' : ''}locked by ${holder}, ${ageText} (lock ${lock.slice(0, 8)})`,
    hint: () =>
      'Nothing was written. Wait for that process; if it is gone for certain: `keepsake unlock`',
    example: {
      holder: 'PID 812 of root on wishlist',
      ageText: '3 min ago',
      exclusive: true,
      lock: EXAMPLE_ID,
    },
  }),
  REPOSITORY_LOCK_UNREADABLE: entry<{ lock: string; why: string }>({
    exit: ExitCode.locked,
    message: ({ lock, why }) => `lock file ${lock} of the repository cannot be read: ${why}`,
    hint: () =>
      'Nothing was written. If no backup is running anywhere: `keepsake unlock --remove-all`',
    example: { lock: EXAMPLE_ID, why: 'the tag does not match' },
  }),
  REPOSITORY_LOCK_LOST: entry<{ ageText: string }>({
    exit: ExitCode.locked,
    message: ({ ageText }) => `this run’s lock could not be refreshed since ${ageText}`,
    hint: () =>
      'It stopped before its next write, because others may think it dead. What is stored so far is reused: run the command again.',
    example: { ageText: '20 min ago' },
  }),
  REPOSITORY_SELF_CHECK: entry<{ what: string }>({
    exit: ExitCode.failed,
    message: ({ what }) => `${what} did not decode to what was put in, before it was stored`,
    hint: () =>
      'It was not written. This points to faulty memory or processor: test the machine before trusting it with backups.',
    example: { what: `data blob ${EXAMPLE_ID}` },
  }),
  REPOSITORY_SNAPSHOT_NOT_FOUND: entry<{ wanted: string; candidates: string[] }>({
    exit: ExitCode.failed,
    message: ({ wanted, candidates }) =>
      candidates.length === 0
        ? `no snapshot matches "${wanted}"`
        : `"${wanted}" matches ${candidates.length} snapshots: ${candidates.join(', ')}`,
    hint: () => 'To see what there is: `keepsake snapshots`',
    example: { wanted: 'c0ffee', candidates: [] },
  }),
  REPOSITORY_NO_COMPLETE_SNAPSHOT: entry<{ newest: string; tags: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ newest, tags }) =>
      `no complete snapshot matches "latest": the newest that does, ${newest.slice(0, 8)}, is tagged ${tags.join(', ')}`,
    hint: ({ newest }) =>
      `Nothing was done. \`keepsake snapshots\` lists all. Where an incomplete one will do, type its id, as ${newest.slice(0, 8)}, instead of "latest".`,
    example: { newest: 'c0ffee01', tags: ['partial'] },
  }),
  REPOSITORY_KEY_IN_USE: entry<{ key: string }>({
    exit: ExitCode.failed,
    message: ({ key }) => `key ${key} is the one this command was opened with`,
    hint: () => 'It was kept. Open the repository with another password to remove it.',
    example: { key: '4b8a6b8f' },
  }),
  REPOSITORY_KEY_NOT_FOUND: entry<{ wanted: string; candidates: string[] }>({
    exit: ExitCode.failed,
    message: ({ wanted, candidates }) =>
      candidates.length === 0
        ? `no key matches "${wanted}"`
        : `"${wanted}" matches ${candidates.length} keys: ${candidates.join(', ')}`,
    hint: () => 'No key was removed. To see the keys: `keepsake key list`',
    example: { wanted: 'c0ffee', candidates: [] },
  }),
};
