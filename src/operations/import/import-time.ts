/** When a backup that somebody made by hand was taken. */
export type TimeSource = 'flag' | 'name' | 'database' | 'member' | 'file';

export interface TimeClues {
  readonly flag: Date | undefined;
  /** Of the file, without its folder. */
  readonly name: string;
  /** Newest time of a database in it. */
  readonly databaseMs?: number | undefined;
  /** Newest time of anything in it. */
  readonly memberMs?: number | undefined;
  readonly fileMs: number;
  readonly now: Date;
}

/**
 * `20251124`, `2025-11-24`, with `0315`, `03:15:30` … after it. Digits on either side would make it
 * another number.
 */
const DATE =
  /(?<!\d)((?:19|20)\d\d)([-_.]?)([01]\d)\2([0-3]\d)(?:[-_T .]?([0-2]\d)[-:.h]?([0-5]\d)(?:[-:.m]?([0-5]\d))?)?(Z?)(?!\d)/g;

export function chooseTime(clues: TimeClues): { time: Date; source: TimeSource } {
  const { flag, name, databaseMs, memberMs, fileMs, now } = clues;
  if (flag !== undefined) return { time: flag, source: 'flag' };
  const named = timeInName(name);
  if (named !== undefined && named.time <= now) {
    // A name that tells the day only, and a content of that day: that tells the hour.
    const exactMs = named.isDay ? sameDay(named.time, databaseMs ?? memberMs) : undefined;
    return { time: exactMs === undefined ? named.time : new Date(exactMs), source: 'name' };
  }
  const nowMs = now.getTime();
  const newest: [TimeSource, number | undefined][] = [
    ['database', databaseMs],
    ['member', memberMs],
    ['file', fileMs],
  ];
  // A clock that was wrong: nothing was backed up in the future, or before there was a tar.
  const [source, ms] = newest.find(([, at]) => at !== undefined && at > 0 && at <= nowMs) ?? [];
  return { time: new Date(ms ?? fileMs), source: source ?? 'file' };
}

/** In the time zone of this machine, as `date +%Y%m%d` writes it, unless it ends with `Z`. */
export function timeInName(name: string): { time: Date; isDay: boolean } | undefined {
  for (const match of name.matchAll(DATE)) {
    const [, year, , month, day, hour, minute, second, zone] = match;
    const isDay = hour === undefined;
    const fields = [year, Number(month) - 1, day, hour ?? 0, minute ?? 0, second ?? 0].map(Number);
    const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = fields;
    const isUtc = zone === 'Z';
    const time = isUtc ? new Date(Date.UTC(y, mo, d, h, mi, s)) : new Date(y, mo, d, h, mi, s);
    const found = isUtc
      ? [time.getUTCMonth(), time.getUTCDate(), time.getUTCHours()]
      : [time.getMonth(), time.getDate(), time.getHours()];
    if (found[0] === mo && found[1] === d && (isDay || h < 24)) return { time, isDay };
  }
  return undefined;
}

function sameDay(day: Date, ms: number | undefined): number | undefined {
  if (ms === undefined) return undefined;
  const at = new Date(ms);
  const isSame =
    at.getFullYear() === day.getFullYear() &&
    at.getMonth() === day.getMonth() &&
    at.getDate() === day.getDate();
  return isSame ? ms : undefined;
}
