/**
 * Wishlist (github.com/cmintey/wishlist), as measured on version 4f4ab0f7.
 *
 * `GET /login` reads the users, so it answers 200 only with a readable database that has some; `/`
 * redirects without looking at the database and proves nothing.
 */
import type { DrillConfig, HealthConfig, ReferenceConfig } from '../app-parts-schema.ts';
import type { Preset } from './preset.ts';

const DATABASE = 'data/prod.db';

/** Both columns hold a bare file name; an imageUrl of old versions may be an http(s) URL. */
const references: readonly ReferenceConfig[] = [
  { database: DATABASE, table: 'items', column: 'imageUrl', folder: 'uploads', ignore: 'url' },
  { database: DATABASE, table: 'user', column: 'picture', folder: 'uploads', ignore: 'url' },
];

function health(port: number): HealthConfig {
  return {
    url: `http://127.0.0.1:${port}/login`,
    status: 200,
    // The container migrates, seeds and patches first: 3 s measured, 15 s where pnpm is slow.
    timeoutMs: 60_000,
    not: [
      { status: 302, location: '/setup-wizard', means: 'the database holds no users' },
      { status: 500, means: 'the database is damaged, empty or missing' },
      { status: 502, means: 'only the web server in front of the app is running' },
    ],
  };
}

/** Never the container's entry point: it migrates the database and starts what a copy must not. */
function drill(codeFolder: string): DrillConfig {
  return {
    command: ['node', 'build'],
    workingDirectory: codeFolder,
    environment: {
      DATABASE_URL: `file:{root}/${DATABASE}?connection_limit=1`,
      NODE_ENV: 'production',
      ORIGIN: 'http://127.0.0.1:{port}',
      HOST: '127.0.0.1',
      PORT: '{port}',
    },
    path: '/login',
    timeoutMs: 60_000,
    withoutNetworkIsolation: false,
  };
}

/** What a build makes anew; it matters where the config lists the whole source tree in `files`. */
const exclude = ['node_modules', '.pnpm-store', '.svelte-kit', '.git', './build'];

export const wishlist: Preset<'wishlist', 'own-user' | 'proxmox-lxc' | 'docker'> = {
  name: 'wishlist',
  title: 'Wishlist, the gift list server.',
  facts: { databases: [DATABASE], references },
  layouts: [
    {
      name: 'own-user',
      title: 'A service user `wishlist`; `data`, `uploads` and the code in `repo` side by side.',
      usualRoot: '/opt/wishlist',
      marks: [['repo/package.json'], ['data']],
      facts: {
        files: ['data', 'uploads', '.env', 'repo/.env', '/etc/systemd/system/wishlist.service'],
        optionalFiles: ['.env', 'repo/.env', '/etc/systemd/system/wishlist.service'],
        exclude: [...exclude, './repo/build'],
        service: { systemd: 'wishlist.service' },
        // Node itself listens on 3000; nothing stands in front of it here.
        health: health(3000),
        owner: 'wishlist:wishlist',
        runAs: 'wishlist',
        workingDirectory: 'repo',
        versionFile: 'repo/package.json',
        drill: drill('repo'),
        code: {
          folder: 'repo',
          build: [
            ['pnpm', 'install', '--frozen-lockfile'],
            ['pnpm', 'prisma', 'generate'],
            ['pnpm', 'run', 'build'],
          ],
          // As the entry point of its container does before each start.
          migrate: [
            ['pnpm', 'prisma', 'migrate', 'deploy'],
            ['pnpm', 'prisma', 'db', 'seed'],
            ['pnpm', 'run', 'db:patch'],
          ],
        },
      },
    },
    {
      name: 'proxmox-lxc',
      title: "The container of Proxmox's community scripts: the source tree is the root.",
      usualRoot: '/opt/wishlist',
      marks: [['package.json'], ['entrypoint.sh'], ['/etc/systemd/system/wishlist.service']],
      facts: {
        files: [
          'data',
          'uploads',
          '.env',
          'Caddyfile',
          '/etc/systemd/system/wishlist.service',
          // The version that the update script believes to be installed.
          '/root/.wishlist',
        ],
        optionalFiles: ['Caddyfile', '/etc/systemd/system/wishlist.service', '/root/.wishlist'],
        exclude,
        service: { systemd: 'wishlist.service' },
        health: health(3280),
        owner: 'root:root',
        runAs: 'root',
        workingDirectory: '.',
        versionFile: 'package.json',
        drill: drill('.'),
        // No checkout: its own script replaces the tree. Named so that a guard puts it back whole.
        code: { folder: '.', build: [], migrate: [] },
      },
    },
    {
      name: 'docker',
      title: 'Docker: `data` and `uploads` beside the compose file, or the container seen inside.',
      usualRoot: '/usr/src/app',
      marks: [
        ['data'],
        ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml', '/.dockerenv'],
      ],
      facts: {
        files: [
          'data',
          'uploads',
          '.env',
          'compose.yaml',
          'compose.yml',
          'docker-compose.yaml',
          'docker-compose.yml',
        ],
        optionalFiles: [
          '.env',
          'compose.yaml',
          'compose.yml',
          'docker-compose.yaml',
          'docker-compose.yml',
        ],
        exclude,
        service: { docker: 'wishlist' },
        versionFile: 'package.json',
        health: health(3280),
        owner: 'root:root',
      },
    },
  ],
};
