/** The worker of a backup: seals what it is given, and reads small files by itself. */
import { serveSealing } from '../repository/serve-sealing.ts';
import { sealFiles, type FileBatch } from './file-batch.ts';

serveSealing((task, sealer) => {
  const sealed = sealFiles(task as FileBatch, sealer);
  return { content: sealed, memory: [sealed.room.buffer, sealed.results.buffer] };
});
