/**
 * Times as Go's `time.Time` writes them into JSON: RFC 3339, the fraction without trailing zeros,
 * `Z` or an offset.
 *
 *   2026-11-23T08:15:30.123456789Z      2026-11-23T09:15:30+01:00
 *
 * Years outside 0000..9999 have no such form; restic moves them to the nearest that has (`fixTime`
 * in internal/data/node.go @ a80be14), and so does `timeFromNs`.
 */

const NS_PER_SECOND = 1_000_000_000n;
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/;
const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const MAX_DATE_MS = 8_640_000_000_000_000n;

/** Nanoseconds since 1970 as text in UTC. */
export function timeFromNs(ns: bigint): string {
  let seconds = ns / NS_PER_SECOND;
  let fraction = ns % NS_PER_SECOND;
  if (fraction < 0n) {
    fraction += NS_PER_SECOND;
    seconds -= 1n;
  }
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return `${dateTimeText(seconds)}${digits === '' ? '' : `.${digits}`}Z`;
}

function dateTimeText(seconds: bigint): string {
  const ms = seconds * 1000n;
  const clamped = ms > MAX_DATE_MS ? MAX_DATE_MS : ms < -MAX_DATE_MS ? -MAX_DATE_MS : ms;
  const date = new Date(Number(clamped));
  const year = date.getUTCFullYear();
  if (year < 0) date.setUTCFullYear(0);
  if (year > 9999) date.setUTCFullYear(9999);
  return date.toISOString().slice(0, 19);
}

/** Nanoseconds since 1970 of any RFC 3339 time. Throws `SyntaxError` if it is none. */
export function timeToNs(text: string): bigint {
  const match = TIME.exec(text);
  if (match === null) throw new SyntaxError(`not an RFC 3339 time: "${text}"`);
  const [, year, month, day, hour, minute, second, fraction = '', sign, offHours, offMinutes] =
    match;
  const dayMs = startOfDay(Number(year), Number(month), Number(day));
  const ofDay = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (dayMs === undefined || !isTime) throw new SyntaxError(`no such day or hour: "${text}"`);
  const offset = sign === undefined ? 0 : Number(offHours) * 3600 + Number(offMinutes) * 60;
  const seconds = dayMs / 1000 + ofDay - (sign === '-' ? -offset : offset);
  return BigInt(seconds) * NS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
}

/** Milliseconds since 1970; `undefined` for a day that does not exist. */
function startOfDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

/**
 * Whether two times are one instant: restic writes the zone of its machine, `timeFromNs` UTC. A day
 * that does not exist is the same as no other.
 */
export function isSameTime(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return timeToNs(a) === timeToNs(b);
  } catch {
    return false;
  }
}

/** Cheap test for decoding: the form only, not whether the day exists. */
export function looksLikeTime(text: string): boolean {
  return FORM.test(text);
}
