/** The kinds of value `keepsake.yaml` has. Each says in words what it wants when it gets another. */
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './units.ts';

export const text = z.string().min(1, { error: 'is empty' });

export const absolutePath = z
  .string()
  .regex(/^\//, { error: ({ input }) => wantsAbsolute(String(input)) });

/** Absolute, or relative to the app's root. */
export const appPath = z.string().regex(/^[^~]/, {
  error: ({ input }) => (input === '' ? 'is empty' : 'must be written whole, "~" is not expanded'),
});

/** Absolute, or relative to the folder of the config file. */

const notATime = 'is not a time with a unit (ms, s, min, h, d), such as "2s"';
const notASize = 'is not a size with a unit (B, KiB, MiB, GiB), such as "64 MiB"';

export const duration = z
  .string({ error: notATime })
  .regex(DURATION_PATTERN, { error: notATime })
  .transform((value) => parseDuration(value) ?? 0);

export const packSize = z
  .string({ error: notASize })
  .regex(SIZE_PATTERN, { error: notASize })
  .transform((value) => parseSize(value) ?? 0)
  .refine((sizeBytes) => sizeBytes >= 4 * 2 ** 20 && sizeBytes <= 128 * 2 ** 20, {
    error: 'must be from 4 MiB to 128 MiB, as restic has it',
  });

/** A program and its arguments, each its own item: no shell ever sees it. */
export const argv = z.array(text).min(1, { error: 'needs at least the program' });

export const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/]+/, { error: 'is not a URL that begins with http:// or https://' });

export const httpStatus = z
  .int({ error: 'is not an HTTP status from 100 to 599' })
  .min(100, { error: 'is not an HTTP status from 100 to 599' })
  .max(599, { error: 'is not an HTTP status from 100 to 599' });

/** Names and values for a process. */
export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'is no name for a variable' }),
  z.string(),
);

export const userName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, { error: 'is no name of a user' });

export const ownerName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/, {
    error: 'is no owner such as "wishlist" or "wishlist:wishlist"',
  });

function wantsAbsolute(input: string): string {
  return input === '' ? 'is empty' : 'must be an absolute path, one that begins with "/"';
}
