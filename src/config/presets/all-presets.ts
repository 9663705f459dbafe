import type { Preset } from './preset.ts';
import { sqliteApp } from './sqlite-app.ts';
import { wishlist } from './wishlist.ts';

export type PresetName = (typeof presets)[number]['name'];
export type LayoutName = (typeof wishlist)['layouts'][number]['name'];

export const presets = [sqliteApp, wishlist] as const;

export const presetNames = presets.map(({ name }) => name);

export const layoutNames = presets.flatMap(({ layouts }) =>
  layouts.map(({ name }): LayoutName => name),
);

export function presetOf(name: PresetName): Preset<PresetName, LayoutName> {
  return presets.find((preset) => preset.name === name) ?? sqliteApp;
}
