/**
 * Whether compressing is worth trying. Pictures, archives and encrypted files look like noise; zstd
 * takes about 80 µs for a small one to find that out, this takes 3 µs.
 *
 * In noise every byte value is about equally frequent. The sum of the squared counts of n bytes is
 * then near n + n²/256, and larger the more uneven they are: text reaches ten times as much. What
 * repeats but looks like noise within a sample is taken for noise, and only costs space.
 */
const WINDOW_BYTES = 1024;
const WINDOWS = 3;
const NOISE_AT_MOST = 1.2;
const SAMPLED = WINDOW_BYTES * WINDOWS;
const NOISE_SUM = SAMPLED + (SAMPLED * SAMPLED) / 256;

const counts = new Uint16Array(256);

/** Never true for less than 4 KiB, where a header says little and compressing costs little. */
export function looksIncompressible(bytes: Uint8Array): boolean {
  if (bytes.length < 4 * WINDOW_BYTES) return false;
  counts.fill(0);
  const step = Math.floor((bytes.length - WINDOW_BYTES) / WINDOWS);
  // The last windows, not the first: headers and tables stand at the beginning.
  for (let window = 1; window <= WINDOWS; window += 1) {
    const start = window * step;
    for (let at = start; at < start + WINDOW_BYTES; at += 1) {
      const value = bytes[at] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
  let sum = 0;
  for (const count of counts) sum += count * count;
  return sum <= NOISE_SUM * NOISE_AT_MOST;
}
