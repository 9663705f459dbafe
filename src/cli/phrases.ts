/** Small pieces of sentences. */

/** `1 file`, `17,135 files`. */
export function count(number: number, noun: string): string {
  return `${digits(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** `17,135`; nothing for what is not known. */
export function digits(number: number | undefined): string {
  // Not toLocaleString: its first call loads tables for a tenth of a second.
  return number === undefined ? '' : String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function seconds(durationMs: number): string {
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const whole = Math.round(durationMs / 1000);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const HOUR_MS = 3_600_000;

/** `5 min`, `3 h`, `12 d`. */
export function age(ageMs: number): string {
  if (ageMs < 2 * HOUR_MS) return `${Math.max(0, Math.round(ageMs / 60_000))} min`;
  if (ageMs < 48 * HOUR_MS) return `${Math.round(ageMs / HOUR_MS)} h`;
  return `${Math.round(ageMs / (24 * HOUR_MS))} d`;
}
