/** A program that captures a locked database, and so waits. Arguments: database, scratch folder. */
import { systemClock } from '../../src/base/clock.ts';
import { captureDatabase } from '../../src/sqlite/capture.ts';

const [path = '', scratchFolder = ''] = process.argv.slice(2);
const options = { path, scratchFolder, configured: true, clock: systemClock };
const captured = captureDatabase({ ...options, busyLimitMs: 60_000 });
setTimeout(() => process.send?.('ready'), 500);
await captured;
