export interface EnvironmentVariable {
  readonly name: string;
  /** restic's own name for it; the first one wins where both are set. */
  readonly restic?: string;
  readonly meaning: string;
}

/** The variables Keepsake reads; the table in docs/configuration.md. */
export const environmentVariables: readonly EnvironmentVariable[] = [
  { name: 'KEEPSAKE_CONFIG', meaning: 'The config file.' },
  {
    name: 'KEEPSAKE_REPOSITORY',
    restic: 'RESTIC_REPOSITORY',
    meaning: 'The repository: a folder or a URL.',
  },
  {
    name: 'KEEPSAKE_REPOSITORY_FILE',
    restic: 'RESTIC_REPOSITORY_FILE',
    meaning: 'A file whose first line is the repository.',
  },
  {
    name: 'KEEPSAKE_PASSWORD_FILE',
    restic: 'RESTIC_PASSWORD_FILE',
    meaning: 'A file whose first line is the password.',
  },
  {
    name: 'KEEPSAKE_PASSWORD_COMMAND',
    restic: 'RESTIC_PASSWORD_COMMAND',
    meaning: 'A program and its arguments that print the password; quotes group, no shell runs.',
  },
  {
    name: 'KEEPSAKE_PASSWORD',
    restic: 'RESTIC_PASSWORD',
    meaning: 'The password itself. Other processes of the user can see it: a file is better.',
  },
  {
    name: 'KEEPSAKE_KEY_HINT',
    restic: 'RESTIC_KEY_HINT',
    meaning: 'The id of the key to try first.',
  },
  { name: 'KEEPSAKE_HOST', restic: 'RESTIC_HOST', meaning: "The host's name in snapshots." },
  {
    name: 'KEEPSAKE_PACK_SIZE',
    restic: 'RESTIC_PACK_SIZE',
    meaning: 'As `pack-size`; a bare number is MiB.',
  },
  { name: 'KEEPSAKE_STATE_DIR', meaning: 'As `state`.' },
  { name: 'KEEPSAKE_SCRATCH_DIR', meaning: 'As `scratch`.' },
  { name: 'KEEPSAKE_CACHE_DIR', restic: 'RESTIC_CACHE_DIR', meaning: 'As `cache`.' },
];
