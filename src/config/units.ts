/** Durations and sizes as people write them: a number, a space if they like, a unit. */

const DURATION_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
} as const;

export const DURATION_PATTERN = /^\d{1,9}(\.\d{1,3})? ?(ms|s|min|h|d)$/;
export const SIZE_PATTERN = /^\d{1,9}(\.\d{1,3})? ?(B|[KMGT]i?B)$/;

/** Milliseconds, or undefined when `text` is not a duration such as `2s` or `5 min`. */
export function parseDuration(text: string): number | undefined {
  return DURATION_PATTERN.test(text) ? scale(text, DURATION_MS) : undefined;
}

/** Bytes, or undefined when `text` is not a size such as `64 MiB` or `10 GB`. */
export function parseSize(text: string): number | undefined {
  return SIZE_PATTERN.test(text) ? scale(text, SIZE_BYTES) : undefined;
}

/** The shortest exact text: `2s`, `90s`, `5 min`. */
export function formatDuration(durationMs: number): string {
  const [unit, factor] = (['d', 'h', 'min', 's'] as const)
    .map((name) => [name, DURATION_MS[name]] as const)
    .find(([, factor]) => durationMs >= factor && durationMs % factor === 0) ?? ['ms', 1];
  return `${durationMs / factor}${unit.length > 1 ? ' ' : ''}${unit}`;
}

/** The shortest exact text: `16 MiB`, `1000 B`. */
export function formatSize(sizeBytes: number): string {
  const unit =
    (['TiB', 'GiB', 'MiB', 'KiB'] as const).find(
      (name) => sizeBytes >= SIZE_BYTES[name] && sizeBytes % SIZE_BYTES[name] === 0,
    ) ?? 'B';
  return `${sizeBytes / SIZE_BYTES[unit]} ${unit}`;
}

function scale(text: string, units: Readonly<Record<string, number>>): number {
  const unit = /[A-Za-z]+$/.exec(text)?.[0] ?? '';
  return Math.round(Number.parseFloat(text) * (units[unit] ?? 1));
}
