/** For programs that never pause: the parent process may tell them to `rest` and to `go` on. */
import { once } from 'node:events';

const told = { toRest: false };
let isResting = false;

process.on('message', (message) => {
  told.toRest = message === 'rest';
  if (told.toRest && isResting) process.send?.('rests');
});

/** Says that it rests, once for each time it was told to. */
export async function restIfTold(): Promise<void> {
  if (!told.toRest) return;
  isResting = true;
  process.send?.('rests');
  while (told.toRest) await once(process, 'message');
  isResting = false;
}
