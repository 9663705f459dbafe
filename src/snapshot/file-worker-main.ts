/** The worker of a backup: seals what it is given, reads small files and databases' images by itself. */
import { serveSealing } from '../repository/serve-sealing.ts';
import { sealFiles, type FileBatch } from './file-batch.ts';
import { isPageBatch, sealPages } from './page-batch.ts';

serveSealing((task, sealer) => {
  const sealed = isPageBatch(task) ? sealPages(task, sealer) : sealFiles(task as FileBatch, sealer);
  return { content: sealed, memory: [sealed.room.buffer, sealed.results.buffer] };
});
