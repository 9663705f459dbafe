// makes an empty repository with p=7
import { openLocalBackend } from './dist/backend/local-backend.js';
import { initRepository } from './dist/repository/open-repository.js';
import { systemClock, systemRandom } from './dist/base/clock.js';
const backend = openLocalBackend({ path: process.argv[2], random: systemRandom });
await initRepository({ backend, clock: systemClock, random: systemRandom, self: { hostname: 'h', username: 'u', pid: process.pid, uid: 0, gid: 0, isAlive: () => true } }, { password: 'correct-horse-battery', scrypt: { N: 32768, r: 8, p: 7 } });
