/**
 * The records of a pax header: `<length> <key>=<value>\n`, the length that of the whole record in
 * decimal. Values are bytes. An empty value takes back what an earlier header said. The pieces of a
 * sparse file, which GNU's format 0.0 has as a record each, come as the one record of its format 0.1.
 * Source: POSIX.1-2017, pax; `SCHILY.xattr.` as GNU tar, bsdtar and Go write it.
 */
export type TarRecords = ReadonlyMap<string, Uint8Array>;

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const XATTR = 'SCHILY.xattr.';
const PIECE = /^GNU\.sparse\.(?:offset|numbytes)$/;
const PIECES = 'GNU.sparse.map';

/** `undefined`: they are not well formed. */
export function decodeTarRecords(bytes: Uint8Array): TarRecords | undefined {
  const records = new Map<string, Uint8Array>();
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const digits = Buffer.from(bytes.subarray(at, Math.max(at, space))).toString('latin1');
    const end = at + Number(digits);
    const equals = bytes.indexOf(EQUALS, space);
    const isWhole =
      /^\d{1,15}$/.test(digits) &&
      end <= bytes.length &&
      equals > space &&
      equals < end &&
      bytes[end - 1] === NEWLINE;
    if (!isWhole) return undefined;
    const key = Buffer.from(bytes.subarray(space + 1, equals)).toString('utf8');
    const value = bytes.slice(equals + 1, end - 1);
    if (PIECE.test(key)) pieces.push(Buffer.from(value).toString('latin1'));
    else records.set(key, value);
    at = end;
  }
  if (pieces.length > 0) records.set(PIECES, Buffer.from(pieces.join(',')));
  return records;
}

/** Whole and decimal numbers; `undefined` for others. */
export function decimalToNs(value: Uint8Array): bigint | undefined {
  const text = Buffer.from(value).toString('latin1');
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const ns = BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}

export function extendedAttributesOf(records: TarRecords): { name: string; value: Uint8Array }[] {
  return [...records]
    .filter(([key]) => key.startsWith(XATTR))
    .map(([key, value]) => ({ name: key.slice(XATTR.length), value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
