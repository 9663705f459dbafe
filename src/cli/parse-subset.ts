import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { parseSize } from '../config/units.ts';
import type { Subset } from '../repository/check-pack-data.ts';

/** `5%`, `2/7`, `500 MiB` (restic's `500M` too). */
export function parseSubset(text: string | undefined): Subset | undefined {
  if (text === undefined) return undefined;
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (share !== null) {
    const percent = Number(share[1]);
    if (percent > 0 && percent <= 100) return { kind: 'share', percent };
  }
  const part = /^(\d+)\/(\d+)$/.exec(text);
  if (part !== null) {
    const [number, of] = [Number(part[1]), Number(part[2])];
    if (number >= 1 && number <= of && of <= 256) return { kind: 'part', part: number, of };
  }
  const sizeBytes = parseSize(text.replace(/^(\d+)([KMGT])$/, '$1 $2iB'));
  if (sizeBytes !== undefined && sizeBytes > 0) return { kind: 'bytes', sizeBytes };
  const problem = `"${text}" is no part such as 5%, 2/7 or 500 MiB`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--read-data-subset', problem });
}
