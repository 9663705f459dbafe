import { posix } from 'node:path';
import type { Layout, Preset } from './presets/preset.ts';

/** What the caller knows of the machine. */
export interface MachineFacts {
  /** Whether something is at this absolute path. */
  exists(path: string): boolean;
}

export interface DetectedLayout<LayoutName extends string = string> {
  readonly layout: Layout<LayoutName>;
  readonly root: string;
}

/** The first of the preset's layouts whose marks are all there, in `root` or where it usually is. */
export function detectLayout<LayoutName extends string>(
  preset: Preset<string, LayoutName>,
  facts: MachineFacts,
  root?: string,
): DetectedLayout<LayoutName> | undefined {
  for (const layout of preset.layouts) {
    const place = root ?? layout.usualRoot;
    const found = layout.marks.every((options) =>
      options.some((mark) => facts.exists(pathInApp(place, mark))),
    );
    if (found) return { layout, root: place };
  }
  return undefined;
}

/** `path` itself if it is absolute, else below `root`. */
export function pathInApp(root: string, path: string): string {
  const whole = path.startsWith('/') ? posix.normalize(path) : posix.join(root, path);
  return whole.length > 1 ? whole.replace(/\/+$/, '') : whole;
}
