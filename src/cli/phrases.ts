/** Small pieces of sentences. */

/** `1 file`, `17,135 files`. */
export function count(number: number, noun: string): string {
  // Not toLocaleString: its first call loads tables for a tenth of a second.
  const digits = String(number).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${digits} ${noun}${number === 1 ? '' : 's'}`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function seconds(durationMs: number): string {
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const whole = Math.round(durationMs / 1000);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
