import type { Preset } from './preset.ts';

/** Any app that keeps SQLite databases and files below one folder. */
export const sqliteApp: Preset<'sqlite-app', never> = {
  name: 'sqlite-app',
  title: 'Any app with SQLite databases. The config names its root and whatever else is known.',
  facts: {},
  layouts: [],
};
