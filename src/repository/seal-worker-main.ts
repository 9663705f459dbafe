/** A worker that only seals. */
import { serveSealing } from './serve-sealing.ts';

serveSealing();
