/** How the process ends, as restic 0.17 numbers it where restic has a number (design §5). */
export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
  damage: 20,
  verification: 21,
  unreachable: 22,
  cancelled: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
