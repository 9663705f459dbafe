/** Where other file systems are mounted, bind mounts included. */
import { readFileSync } from 'node:fs';
import { decodeRawName } from '../base/raw-name.ts';

/** Empty where there is no table of mounts. */
export function mountPoints(): ReadonlySet<string> {
  try {
    return parseMountPoints(readFileSync('/proc/self/mountinfo'));
  } catch {
    return new Set();
  }
}

/** Source: proc(5), mountinfo: `id parent major:minor root point …`, blanks as `\040`. */
export function parseMountPoints(table: Uint8Array): Set<string> {
  const points = new Set<string>();
  for (const line of Buffer.from(table).toString('latin1').split('\n')) {
    const escaped = line.split(' ')[4];
    if (escaped === undefined) continue;
    const bytes = escaped.replace(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    points.add(decodeRawName(Buffer.from(bytes, 'latin1')));
  }
  return points;
}
