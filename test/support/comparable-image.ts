/** What SQLite's backup sets by itself in page 1: change counter, schema cookie, version of the writer. */
const CHANGED_BY_BACKUP = [
  [24, 28],
  [40, 44],
  [92, 100],
] as const;

/** A copy in which those bytes are equal. */
export function comparable(image: Uint8Array): Buffer {
  const bytes = Buffer.from(image);
  for (const [from, to] of CHANGED_BY_BACKUP) bytes.fill(0, from, to);
  return bytes;
}
