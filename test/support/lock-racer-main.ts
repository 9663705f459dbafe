/**
 * Takes the exclusive lock of a repository again and again, and ends with an error if anybody else
 * is inside meanwhile. Tells at last how often it was inside. Arguments: repository, password,
 * folder in which whoever is inside stands, milliseconds to go on, seed.
 */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { isKeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import { openRepository } from '../../src/repository/open-repository.ts';
import { selfFacts } from './repository-lab.ts';
import { SeededRandom } from './wishlist-app/seeded-random.ts';

const [path = '', password = '', inside = '', goOnMs = '', seed = ''] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const isOnThisMachine = () => Promise.resolve(true);
const backend = openLocalBackend({ path, random: systemRandom, isOnThisMachine });
const self = { ...selfFacts, pid: process.pid };
const access = { backend, clock: systemClock, random: systemRandom, self };
const repository = await openRepository(access, password);
const startedAtMs = performance.now();
let timesInside = 0;
while (performance.now() - startedAtMs < Number(goOnMs)) {
  try {
    await using _lock = await repository.lock({ exclusive: true, waitMs: 0 });
    timesInside += 1;
    await stayInside();
  } catch (error) {
    if (!isKeepsakeError(error, 'REPOSITORY_LOCKED')) throw error;
  }
  await sleep(random.below(20));
}
console.log(timesInside);

async function stayInside(): Promise<void> {
  mkdirSync(`${inside}/ours`); // fails when it stands there
  for (let left = random.below(30); left > 0; left -= 1) {
    if (existsSync(`${inside}/restic`)) throw new Error('restic is inside, too');
    await sleep(1);
  }
  rmdirSync(`${inside}/ours`);
}
