/** For `node --import`: kills the process itself at its n-th change below a folder. */
import { MortalFiles } from './mortal-files.ts';

const [folder = '', at = '', moment = ''] = (process.env['KEEPSAKE_TEST_DIES'] ?? '').split('|');

const files = new MortalFiles(folder, {
  at: Number(at),
  moment: moment === 'before' ? 'before' : 'half',
  die: () => {
    process.kill(process.pid, 'SIGKILL');
    // A signal to oneself is delivered before the call returns; should it ever not be, nothing more is done.
    for (;;);
  },
});
process.on('exit', () => files[Symbol.dispose]());
