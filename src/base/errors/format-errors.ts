import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

const CHECK_HINT =
  'Nothing was changed. Run `keepsake check --read-data` to learn which files and snapshots are hurt.';

export const formatErrors = {
  FORMAT_TRUNCATED: entry<{ what: string; sizeBytes: number; neededBytes: number }>({
    exit: ExitCode.damage,
    message: ({ what, sizeBytes, neededBytes }) =>
      `the ${what} is cut short: ${sizeBytes} bytes where at least ${neededBytes} are needed`,
    hint: () => CHECK_HINT,
    example: { what: 'snapshot file', sizeBytes: 17, neededBytes: 32 },
  }),
  FORMAT_MAC_MISMATCH: entry<{ what: string }>({
    exit: ExitCode.damage,
    message: ({ what }) =>
      `the ${what} is damaged: its bytes are not those that were sealed with this repository's key`,
    hint: () => CHECK_HINT,
    example: { what: 'index file' },
  }),
  FORMAT_BLOB_HASH: entry<{ id: string; actualId: string }>({
    exit: ExitCode.damage,
    message: ({ id, actualId }) =>
      `blob ${id} is damaged: its content hashes to ${actualId.slice(0, 16)}…`,
    hint: () => CHECK_HINT,
    example: {
      id: '3ec79977ef0cf5de7b08cd12b874cd0f62bbaf7f07f3497a5b1bbcc8cb39b1ce',
      actualId: '9ccb846e60d90d4eb915848add7aa7ea1e4bbabfc60e573db9f7bfb2789afbae',
    },
  }),
  FORMAT_DECOMPRESS: entry<{ what: string; problem: string }>({
    exit: ExitCode.damage,
    message: ({ what, problem }) => `the ${what} cannot be decompressed: ${problem}`,
    hint: () => CHECK_HINT,
    example: { what: 'index file', problem: 'it ends inside a zstd frame' },
  }),
  FORMAT_MALFORMED: entry<{ what: string; where: string; problem: string }>({
    exit: ExitCode.damage,
    message: ({ what, where, problem }) =>
      `the ${what} is malformed${where === '' ? '' : ` at ${where}`}: ${problem}`,
    hint: () => CHECK_HINT,
    example: {
      what: 'index file',
      where: 'packs[3].blobs[7].length',
      problem: 'expected a whole number from 32 to 4294967295, found -1',
    },
  }),
  FORMAT_ENCODING: entry<{ what: string; firstByte: number }>({
    exit: ExitCode.failed,
    message: ({ what, firstByte }) =>
      `the ${what} has encoding ${firstByte}, which this version of Keepsake does not know`,
    hint: () =>
      'Nothing was changed. A newer tool wrote it: update Keepsake, or read it with the newest restic.',
    example: { what: 'snapshot file', firstByte: 3 },
  }),
  FORMAT_VERSION: entry<{ version: number }>({
    exit: ExitCode.failed,
    message: ({ version }) =>
      `the repository has format version ${version}; this version of Keepsake knows 1 and 2`,
    hint: () =>
      'Nothing was changed. A newer tool made it: update Keepsake, or read it with the newest restic.',
    example: { version: 3 },
  }),
  FORMAT_KDF: entry<{ problem: string }>({
    exit: ExitCode.failed,
    message: ({ problem }) => `refused to derive a key from the password: ${problem}`,
    hint: () =>
      'The password was not tried and nothing was changed. Look who wrote that key file in the folder `keys` of the repository; other key files are not affected.',
    example: { problem: 'scrypt with N=16777216 r=64 p=1 would take 128.0 GiB of memory' },
  }),
  FORMAT_SELF_TEST: entry<{ what: string }>({
    exit: ExitCode.failed,
    message: ({ what }) => `the start-up self-test failed: ${what} gives a wrong answer here`,
    hint: () =>
      'Nothing was read or written. The machine (memory, processor) or the installation is faulty: test the memory, install Keepsake and Node anew, then run it again.',
    example: { what: 'Poly1305-AES' },
  }),
};
